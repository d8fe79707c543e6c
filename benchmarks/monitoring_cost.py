"""Measures the cost of monitoring per request: a server with it, without tokens, and without it.

    python benchmarks/monitoring_cost.py [--seconds 4] [--rounds 5] [--workers 2]

Builds a package of a logistic regression on 50,000 synthetic rows (6 numbers, 8 texts; 13 features
with bins, prediction bins, calibration, 7 slices including two rules). All three servers run at
once and are driven in turn with ``wrk``, so that other load affects all equally; the order rotates
with every round. "Without it" is ``unmonitored/sitecustomize.py``: no bins, slices, estimates,
histograms or tokens. CPU is that of the serving processes, from /proc. Prints medians over rounds,
and the median of the ratios; exits 1 if bins, slices, estimates and histograms cost more than a
tenth of the CPU.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from made import Made, Running, build, mixed, server

WITHOUT = Path(__file__).resolve().parent / "unmonitored"
SERVERS = ("all", "no tokens", "none")
CELLS = ((1, 16), (100, 4))
"""(rows per request, connections)."""
BODIES = 64
ALLOWED = 1.10
SETTLED = 0.5
SCRIPT = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local place = 0
wrk.method = "POST"
request = function()
  place = place %% #bodies + 1
  return wrk.format(nil, nil, nil, bodies[place])
end
"""


@dataclass(frozen=True)
class Cell:
    """One server in one round."""

    rate: float
    """Requests per second."""
    cpu: float
    """Microseconds of processor time per request."""


def main() -> int:
    """Measure and print; return 1 if monitoring costs more than allowed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        made = data()
        image = build(made, folder)
        rows = made.rows(100 * BODIES)
        servers = start(stack, image, folder, chosen.workers)
        check(servers, rows[:100])
        worst = 0.0
        for size, clients in CELLS:
            script = write(folder, rows, size)
            cells = measure(servers, script, clients, chosen.rounds, chosen.seconds)
            worst = max(worst, told(size, clients, cells))
    return int(worst > ALLOWED)


def data() -> Made:
    """The table of ``ceiling.py``, with one sliced column and two rules."""
    rules = (("large", "number_1 >= 2"), ("both", "number_2 > 0 and text_1 == 'value 1 a'"))
    return Made("cost", "classification", mixed(50_000, 6, 8, 2), ("text_0",), rules)


def start(stack: ExitStack, image: Path, folder: Path, workers: int) -> dict[str, Running]:
    """Start the three servers, each with its log in a separate folder."""
    servers = {}
    for name in SERVERS:
        place = folder / name
        place.mkdir()
        settings = {"MODEL_WORKERS": str(workers)}
        settings |= {} if name == "all" else {"MODEL_FEEDBACK": "off"}
        first = WITHOUT if name == "none" else None
        servers[name] = stack.enter_context(server(image, place, first=first, **settings))
    return servers


def check(servers: dict[str, Running], rows: list[dict[str, object]]) -> None:
    """Check that all three predict the same, and count what they should."""
    answers = {}
    for name, one in servers.items():
        answered = one.post("/predict", {"rows": rows})["predictions"]
        answers[name] = [{k: v for k, v in row.items() if k != "token"} for row in answered]
    assert answers["all"] == answers["no tokens"] == answers["none"]
    time.sleep(SETTLED)
    for name, one in servers.items():
        found = re.search(rb'slice_predictions_total\{[^}]*slice="__all__"[^}]*\} (\S+)',
                          one.metrics())  # fmt: skip
        assert found is not None
        assert float(found[1]) == (0 if name == "none" else len(rows)), name


def write(folder: Path, rows: list[dict[str, object]], size: int) -> Path:
    """Write a script for ``wrk`` that sends different requests of ``size`` rows in turn."""
    bodies = folder / f"rows{size}"
    many = [[rows[(place * size + i) % len(rows)] for i in range(size)] for place in range(BODIES)]
    bodies.write_text("".join(json.dumps({"rows": some}) + "\n" for some in many))
    script = bodies.with_suffix(".lua")
    script.write_text(SCRIPT % bodies)
    return script


def measure(
    servers: dict[str, Running], script: Path, clients: int, rounds: int, seconds: int
) -> dict[str, list[Cell]]:
    """Drive each server once per round, after a second of warm-up."""
    cells: dict[str, list[Cell]] = defaultdict(list)
    for one in servers.values():
        drive(one, script, clients, 1)
    for number in range(rounds):
        turned = number % len(SERVERS)
        for name in SERVERS[turned:] + SERVERS[:turned]:
            cells[name].append(drive(servers[name], script, clients, seconds))
    return cells


def drive(one: Running, script: Path, clients: int, seconds: int) -> Cell:
    """Send requests for ``seconds``, all of which must succeed."""
    before = one.cpu()
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", script, f"{one.url}/predict"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    time.sleep(SETTLED)  # include the counters flushed after the last request
    used = one.cpu() - before
    assert "Non-2xx" not in text, text
    requests, rate = re.search(r"(\d+) requests in", text), re.search(r"sec:\s+([\d.]+)", text)
    assert requests is not None
    assert rate is not None
    return Cell(float(rate[1]), 1e6 * used / int(requests[1]))


def told(size: int, clients: int, cells: dict[str, list[Cell]]) -> float:
    """Print one table; return the CPU ratio that is compared with the limit."""
    print(f"\n{size} row(s) a request, {clients} connections, {len(cells['all'])} rounds")
    print("monitoring   requests/s   CPU µs a request   throughput of none   CPU of none (rounds)")
    ratios = {}
    for name in SERVERS:
        rate = statistics.median(cell.rate for cell in cells[name])
        cpu = statistics.median(cell.cpu for cell in cells[name])
        pairs = list(zip(cells[name], cells["none"], strict=True))
        ratios[name] = statistics.median(cell.cpu / none.cpu for cell, none in pairs)
        share = statistics.median(cell.rate / none.rate for cell, none in pairs)
        rounds = " ".join(f"{cell.cpu / none.cpu:.2f}" for cell, none in pairs)
        print(f"{name:12} {rate:10.0f} {cpu:18.1f} {share:20.2f}   {ratios[name]:11.2f} ({rounds})")
    return ratios["no tokens"]


if __name__ == "__main__":
    sys.exit(main())
