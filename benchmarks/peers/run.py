"""Compares this project's server with other model servers: same model, same rows, one run.

    python benchmarks/peers/run.py compiled     ours beside FastAPI, bare ASGI and nginx: 25 minutes
    python benchmarks/peers/run.py native       ours beside servers that batch requests: 13 minutes
    python benchmarks/peers/run.py arrays       ours and FastAPI, 784 numbers a row: 7 minutes
    python benchmarks/peers/run.py all          every server, model and load: 50 minutes

The minutes are those of a quiet machine whose packages and environments are made already; the
first run takes up to 10 more. ``--quick`` takes a fifth of that and proves only that everything
runs. Needs ``wrk``, for ``compiled`` nginx, and PyPI for the first run. With two cores, client and
server share both; with ``--pin`` the client has the last core, and the server the others.
``benchmarks/README.md`` describes the measurements.
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
from experiments import EXPERIMENTS, Experiment
from load import warm_up_seconds
from measure import Options, measured
from models import MODELS, Model, opened, table
from running import BrokenError
from server import NotServedError, Server

# Approximate time to start, compare and stop a server.
OVERHEAD_SECONDS = 8


def main() -> None:
    given = _arguments()
    # Stop servers and remove temporary files, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    experiment = EXPERIMENTS[given.experiment]
    rounds = given.rounds or (1 if given.quick else experiment.rounds)
    seconds = given.seconds or (1 if given.quick else experiment.seconds)
    options = Options(experiment.loads, seconds, given.workers, given.pin)
    servers, models = experiment.chosen(given.only), given.models or experiment.models
    of_a_server = len(options.loads) * (seconds + warm_up_seconds(seconds)) + OVERHEAD_SECONDS
    every = len(servers) * rounds * len(models)
    minutes = every * of_a_server / 60
    _say(f"{every} runs, about {minutes:.0f} minutes once packages and environments are made")
    frame = table(given.data, given.target)
    results = {}
    for name in models:
        with opened(name, frame, given.target) as model:
            found, refused = _rounds(servers, model, options, rounds)
        _print(name, found, refused, experiment)
        measures = {server: [one.as_json() for one in each] for server, each in found.items()}
        results[name] = {"servers": measures, "not measured": refused}
    if given.json is not None:
        facts = {"seconds": seconds, "workers": given.workers, "cores": os.cpu_count()}
        facts["pinned"] = given.pin
        given.json.write_text(json.dumps({**facts, "models": results}, indent=1))


def _rounds(
    servers: list[Server], model: Model, options: Options, rounds: int
) -> tuple[report.Rounds, dict[str, str]]:
    """Measure every server once per round, in another order each time.

    So other load affects all of them.
    """
    found: report.Rounds = {}
    refused: dict[str, str] = {}
    for turn in range(rounds):
        turned = turn % len(servers)
        for server in (*servers[turned:], *servers[:turned]):
            if server.name in refused:
                continue
            begun = time.monotonic()
            try:
                found.setdefault(server.name, []).append(measured(server, model, options))
            except (CannotInstallError, NotServedError, BrokenError) as error:
                refused[server.name] = f"not measured: {error}"
            took, load = time.monotonic() - begun, os.getloadavg()[0]
            verdict = refused.get(server.name, "done")
            _say(
                f"{model.name}, round {turn + 1}: {server.name}: {verdict}, "
                f"{took:.0f} s, load {load:.1f}"
            )
    return {name: each for name, each in found.items() if name not in refused}, refused


def _print(
    model: str, rounds: report.Rounds, refused: dict[str, str], experiment: Experiment
) -> None:
    text = report.text(model, rounds, refused, experiment.loads, experiment.comparisons)
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", choices=EXPERIMENTS)
    parser.add_argument("--quick", action="store_true", help="one round of one second each")
    parser.add_argument("--seconds", type=int, help="of a load")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--workers", type=int, default=2, help="processes of each server")
    parser.add_argument("--pin", action="store_true", help="client and server on their own cores")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="servers by name")
    parser.add_argument("--models", nargs="+", choices=MODELS)
    parser.add_argument("--data", type=Path, help="a CSV with classes in --target")
    parser.add_argument("--target", default="target")
    parser.add_argument("--json", type=Path, help="write every round here too")
    return parser.parse_args()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
