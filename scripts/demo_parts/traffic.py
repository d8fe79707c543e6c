"""Real rows for a server, their labels, and the counters that they change."""

from __future__ import annotations

import csv
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from demo_parts import paths

ROWS = 2_000


def send_and_measure(url: str) -> None:
    """Send real rows and their labels; show predictions and the counters that changed."""
    labelled = list(labelled_rows(ROWS))
    rows = [row for row, _ in labelled]
    before = counters(url)
    print(f"\n  POST {url}/predict  one row: {json.dumps(rows[0])}")
    answer = post(f"{url}/predict", {"rows": rows[:1]})
    print(f"  {json.dumps(answer)[:300]}")
    print(f"\n  POST {url}/predict  {len(rows)} rows in batches of 100")
    answers: list[Any] = []
    for start in range(0, len(rows), 100):
        batch = post(f"{url}/predict", {"rows": rows[start : start + 100]})
        answers += batch["predictions"]
    print(f"\n  POST {url}/feedback  the true labels, with the tokens of the predictions")
    pairs = zip(answers, labelled, strict=True)
    labels = [{"token": answer["token"], "actual": label} for answer, (_, label) in pairs]
    print(f"  {json.dumps(post(f'{url}/feedback', labels))}")
    time.sleep(1)  # workers write their counters a few times a second
    print(f"\n  GET {url}/metrics  what changed:")
    show_changes(before, counters(url))


def labelled_rows(count: int) -> Iterator[tuple[dict[str, object], str]]:
    """(row as a client sends it, label) of the first rows of the data."""
    with (paths.PROJECT / "data" / "diamonds.csv").open(encoding="utf-8", newline="") as file:
        for row, _ in zip(csv.DictReader(file), range(count), strict=False):
            label = row.pop("cut")
            yield {name: number(text) for name, text in row.items()}, label


def number(text: str) -> object:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def post(url: str, document: object) -> dict[str, Any]:
    body = json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def counters(url: str) -> dict[str, float]:
    """Every series of the model's own counters."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("model_"))
    return {name: float(value) for name, value in pairs if "_total{" in name}


def show_changes(before: dict[str, float], after: dict[str, float]) -> None:
    """Print up to five changed series per counter, without the labels ``model`` and ``version``."""
    shown: dict[str, int] = {}
    for series, value in sorted(after.items()):
        change = value - before.get(series, 0.0)
        name = series.split("{")[0]
        if change and shown.get(name, 0) < 5:
            shown[name] = shown.get(name, 0) + 1
            short = re.sub(r'(,?)(model|version)="[^"]*"', "", series).replace("{,", "{")
            print(f"  {short:<72} +{change:.0f}")
