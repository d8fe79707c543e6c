"""Compares this project's server with other model servers: same model, same rows, one run.

    python benchmarks/peers/run.py [--seconds 5] [--rounds 2] [--workers 2] [--only NAME ...]
        [--models linear boosting native] [--data FILE.csv --target COLUMN] [--json FILE]

Needs ``wrk``, and PyPI for the first run. ``benchmarks/README.md`` describes the measurements.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import report
from environments import CannotInstallError
from measure import CELLS, BrokenError, measured
from models import MODELS, Model, opened, table
from servers import SERVERS, NotServedError, Server

# Approximate time to start, compare and stop a server.
OVERHEAD_SECONDS = 12


def main() -> None:
    given = _arguments()
    # Stop servers and remove temporary files, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    servers = [server for server in SERVERS if not given.only or server.name in given.only]
    every = len(servers) * given.rounds * len(given.models)
    # wrk accepts only whole seconds; the warm-up takes another third of a cell.
    cell = given.seconds + max(1, round(given.seconds / 3))
    minutes = every * (len(CELLS) * cell + OVERHEAD_SECONDS) / 60
    _say(f"{every} runs, about {minutes:.0f} minutes once packages and environments are made")
    frame = table(given.data, given.target)
    sections, results = [], {}
    for name in given.models:
        with opened(name, frame, given.target) as model:
            rounds, refused = _rounds(servers, model, given)
        sections.append(report.text(name, rounds, refused))
        measures = {server: [one.as_json() for one in found] for server, found in rounds.items()}
        results[name] = {"servers": measures, "not measured": refused}
    sys.stdout.write("\n\n".join(sections) + "\n")
    if given.json is None:
        return
    facts = {"seconds": given.seconds, "workers": given.workers, "cores": os.cpu_count()}
    given.json.write_text(json.dumps({**facts, "models": results}, indent=1))


def _rounds(
    servers: list[Server], model: Model, given: argparse.Namespace
) -> tuple[report.Rounds, dict[str, str]]:
    """Measure every server once per round, so that other load affects all of them."""
    rounds: report.Rounds = {}
    refused: dict[str, str] = {}
    for turn in range(given.rounds):
        for server in (server for server in servers if server.name not in refused):
            begun = time.monotonic()
            try:
                found = measured(server, model, given.workers, given.seconds)
                rounds.setdefault(server.name, []).append(found)
            except (CannotInstallError, NotServedError, BrokenError) as error:
                refused[server.name] = f"not measured: {error}"
            took, load = time.monotonic() - begun, os.getloadavg()[0]
            verdict = refused.get(server.name, "done")
            _say(
                f"{model.name}, round {turn + 1}: {server.name}: {verdict}, "
                f"{took:.0f} s, load {load:.1f}"
            )
    return {name: found for name, found in rounds.items() if name not in refused}, refused


def _arguments() -> argparse.Namespace:
    names = [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5, help="of a cell")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="processes of each server")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--data", type=Path, help="a CSV with classes in --target")
    parser.add_argument("--target", default="target")
    parser.add_argument("--json", type=Path, help="write every round here too")
    return parser.parse_args()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
