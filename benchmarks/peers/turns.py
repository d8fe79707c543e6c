"""Compares the processor time of a request between trees of this project and FastAPI, in turns.

    python benchmarks/peers/turns.py OLDER_TREE … [--rounds 6] [--seconds 4] [--clients 16]

Each tree is a folder with this project's sources, such as a worktree of an earlier commit; this
tree is always among them. All servers run the same package, 784 numbers of float32 as one array,
and ``wrk`` drives one after the other, again and again, with raw tensors over V2 (FastAPI: JSON).
Prints the processor time of all processes of each server for a request, in microseconds: each
turn, the median, and FastAPI's median by it. Under other load only these ratios mean anything.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

from load import drive
from models import opened, table
from running import free_ports, running
from server import Run, Server, Started
from servers import BINARY, NUMPY, SERVERS

HERE = Path(__file__).parents[2]
WORKERS = 2


def of_tree(server: Server, tree: Path) -> Server:
    """``server`` with the sources of ``tree`` in place of those in the package."""

    def start(run: Run) -> Started:
        started = server.start(run)
        return Started(started.command, {**started.variables, "PYTHONPATH": str(tree)})

    return replace(server, name=str(tree), start=start)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("trees", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rows", type=int, choices=(1, 100), default=1)
    chosen = parser.parse_args()
    known = {server.name: server for server in SERVERS}
    trees = [tree.resolve() for tree in (*chosen.trees, HERE)]
    servers = [*(of_tree(known[BINARY], tree) for tree in trees), known[NUMPY]]
    load = (chosen.rows, chosen.clients)
    times: dict[str, list[float]] = {server.name: [] for server in servers}
    with ExitStack() as stack:
        frame = table(None, "target")
        model = stack.enter_context(opened("arrays", frame, "target", compiled=False))
        started: list[tuple[Server, Run, int]] = []
        for server in servers:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="turns-")))
            run = Run(folder, model, free_ports(), WORKERS)
            pid, _ = stack.enter_context(running(server, run))
            started.append((server, run, pid))
        for turn in range(chosen.rounds):
            for server, run, pid in (
                *started[turn % len(started) :],
                *started[: turn % len(started)],
            ):
                cell = drive(server, run, pid, load, chosen.seconds)
                if cell.errors:
                    sys.exit(f"{server.name}: {cell.errors} errors")
                times[server.name].append(cell.cpu_ms * 1e3)
                sys.stderr.write(f"{server.name}: {cell.cpu_ms * 1e3:.0f} µs, {cell.rate:.0f}/s\n")
    peer = median(times[NUMPY])
    sys.stdout.write("| processor time of a request, µs | median | each turn | FastAPI by it |\n")
    sys.stdout.write("|---|---|---|---|\n")
    for name, own in times.items():
        each = ", ".join(f"{one:.0f}" for one in own)
        sys.stdout.write(f"| {name} | {median(own):.0f} | {each} | {peer / median(own):.2f} |\n")


if __name__ == "__main__":
    main()
