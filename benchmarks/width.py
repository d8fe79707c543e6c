"""Compares the cost of a request of 100 rows for models of 200 and of 10 features.

    python benchmarks/width.py [--rows 100] [--requests 300] [--rounds 5] [--keep DIR]

Builds two packages of a logistic regression, half of the features numbers and half texts, serves
both with one worker and sends the same number of requests to each, in turn. Prints microseconds of
processor time per request (median over the rounds) and their ratio: 20 if the cost is proportional
to the features, 1 if it does not depend on them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from synthetic_package import RunningServer, SyntheticData, build, mixed, server

NARROW, WIDE = 10, 200
TABLE_ROWS = 4_000


def main() -> None:
    """Build, serve both, send in turn and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder for the packages, used again")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = chosen.keep or Path(name)
        folder.mkdir(exist_ok=True)
        servers, bodies = {}, {}
        for features in (NARROW, WIDE):
            half = features // 2
            made = SyntheticData(
                f"features{features}", "classification", mixed(TABLE_ROWS, half, half, 2)
            )
            image = folder / f"{made.name}-image"
            image = image if image.exists() else build(made, folder)
            servers[features] = stack.enter_context(server(image, folder, MODEL_WORKERS="1"))
            bodies[features] = json.dumps({"rows": made.rows(chosen.rows)}).encode()
        costs: dict[int, list[float]] = {NARROW: [], WIDE: []}
        for features in (NARROW, WIDE):  # warm up
            send(servers[features], bodies[features], chosen.requests // 3)
        for _ in range(chosen.rounds):
            for features in (NARROW, WIDE):
                cost = send(servers[features], bodies[features], chosen.requests)
                costs[features].append(cost)
    narrow, wide = (statistics.median(costs[features]) for features in (NARROW, WIDE))
    print(f"{chosen.rows} rows a request, microseconds of processor time per request:")
    print(f"  {NARROW} features: {narrow * 1e6:,.0f}")
    print(f"  {WIDE} features: {wide * 1e6:,.0f}")
    print(f"  ratio: {wide / narrow:.1f}")


def send(one: RunningServer, body: bytes, requests: int) -> float:
    """Seconds of processor time of all the server's processes per request."""
    connection = http.client.HTTPConnection(one.url.removeprefix("http://"), timeout=60)
    headers = {"Content-Type": "application/json"}
    before = one.cpu()
    for _ in range(requests):
        connection.request("POST", "/predict", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}: {text[:200]!r}")
    connection.close()
    return (one.cpu() - before) / requests


if __name__ == "__main__":
    main()
