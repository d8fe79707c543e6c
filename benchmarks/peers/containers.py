"""Compares containers: from ``docker run`` to the first prediction, and memory. 10 minutes.

    python benchmarks/peers/containers.py [--rounds 7] [--quick] [--base IMAGE]

Each container has two workers and the logistic regression of ``run.py``: this project's with the
compiled model only (``MODEL_NATIVE=lazy``), with the model loaded beside it, and with a model that
is not compiled; and peers in images of the same base. One container runs at a time, in another
order each round. The time to start ends with the first right answer over the published port. PSS
is that of all processes of the container, which counts shared pages once: six seconds later, and
after 220 different requests of one and of 100 rows. The minutes are those of a quiet machine; the
first run makes environments and images, which takes up to 10 more. ``--quick`` is one round. Needs
a Docker engine, root for the memory of processes, and the base that ``package base`` makes. Images
of peers' environments stay in the engine (``benchmark-environment``); all others are removed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import median

import pandas as pd
from container_images import PEERS, PORT, WORKERS, Contained, own_image, peer_image
from environments import CannotInstallError
from measure import compared
from models import Model, opened, table
from report import against
from report import table as markdown
from running import BrokenError, free_ports, group, memory, predict, processor_seconds
from server import NotServedError
from servers import NATIVE, OURS, SERVERS

READY_SECONDS = 180
LAZY, LOADED, ONLY_NATIVE = "ours, lazy", "ours, model loaded", "ours, not compiled"


@dataclass(frozen=True)
class _Own:
    """One of this project's containers."""

    name: str
    mode: str
    """Of compiling: ``auto`` or ``off``."""
    server: str
    native: str
    """``MODEL_NATIVE``: ``lazy`` or ``eager``."""


OWN = (
    _Own(LAZY, "auto", OURS, "lazy"),
    _Own(LOADED, "auto", OURS, "eager"),
    _Own(ONLY_NATIVE, "off", NATIVE, "eager"),
)
NAMES = [*(own.name for own in OWN), *(peer.server for peer in PEERS)]
MAX_START_SECONDS = {LAZY: 1.2, LOADED: 1.2}
MAX_PSS_MB = {LAZY: 200.0, LOADED: 350.0}


@dataclass(frozen=True)
class Measured:
    """One container in one round."""

    start_seconds: float
    cpu_seconds: float
    """Processor time until the first right answer."""
    pss_mb: float
    used_pss_mb: float
    """After the requests."""
    processes: int


def main() -> None:
    """Make the images, measure every container once per round, print the table."""
    given = _arguments()
    # Remove containers and images, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rounds, settle = (1, 2.0) if given.quick else (given.rounds, 6.0)
    frame = table(None, "target")
    with (
        opened("linear", frame, "target") as model,
        _images(frame, model, given.base, given.only) as (contained, refused),
    ):
        found = _rounds(contained, refused, model, rounds, settle)
        sizes = {one.name: _size(one.image) for one in contained}
    complete = {name: each for name, each in found.items() if name not in refused}
    sys.stdout.write(f"{_table(complete, refused, sizes)}\n")


def _rounds(
    contained: list[Contained],
    refused: dict[str, str],
    model: Model,
    rounds: int,
    settle: float,
) -> dict[str, list[Measured]]:
    """Measure every container once per round; adds to ``refused`` why one can't be measured."""
    found: dict[str, list[Measured]] = {one.name: [] for one in contained}
    for turn in range(rounds):
        turned = turn % len(contained)
        for one in (*contained[turned:], *contained[:turned]):
            if one.name in refused:
                continue
            try:
                found[one.name].append(_measured(one, model, settle))
            except BrokenError as error:
                refused[one.name] = f"not measured: {error}"
            verdict = refused.get(one.name, "done")
            _say(f"round {turn + 1}: {one.name}: {verdict}, load {os.getloadavg()[0]:.1f}")
    return found


@contextmanager
def _images(
    frame: pd.DataFrame, model: Model, base: str, only: Collection[str]
) -> Iterator[tuple[list[Contained], dict[str, str]]]:
    """Images of the servers of ``only`` within the block, and why there is none of a peer."""
    servers = {server.name: server for server in SERVERS}
    contained: list[Contained] = []
    refused: dict[str, str] = {}
    tags: list[str] = []
    try:
        built: dict[str, str] = {}
        for own in (own for own in OWN if own.name in only):
            if own.mode not in built:
                _say(f"building this project's package, compile = {own.mode}")
                both = own_image("linear", frame, "target", own.mode, base)
                tags += both
                built[own.mode] = both[0]
            variables = {"MODEL_PORT": str(PORT), "MODEL_WORKERS": str(WORKERS)}
            variables["MODEL_NATIVE"] = own.native
            contained.append(Contained(own.name, servers[own.server], built[own.mode], variables))
        for peer in (peer for peer in PEERS if peer.server in only):
            _say(f"making the image of {peer.server}")
            try:
                contained.append(peer_image(peer, model, base))
                tags.append(contained[-1].image)
            except (CannotInstallError, NotServedError) as error:
                refused[peer.server] = f"no image: {error}"
        yield contained, refused
    finally:
        if tags:
            subprocess.run(["docker", "rmi", *tags], capture_output=True)


def _measured(one: Contained, model: Model, settle: float) -> Measured:
    port = free_ports()
    with _container(one, port) as name:
        begun = time.monotonic()
        start_seconds = _first_answer(one, port, model) - begun
        pid = int(_docker("inspect", "--format", "{{.State.Pid}}", name))
        cpu_seconds = processor_seconds(pid)
        time.sleep(settle)
        pss = memory(pid)[1]
        compared(one.server, port, model)
        return Measured(start_seconds, cpu_seconds, pss, memory(pid)[1], len(group(pid)))


@contextmanager
def _container(one: Contained, port: int) -> Iterator[str]:
    """Start a container without waiting for it; remove it after the block."""
    name = f"benchmark-peer-{os.getpid()}"
    command = ["docker", "run", "--detach", "--name", name]
    command += ["--publish", f"127.0.0.1:{port}:{PORT}"]
    command += [part for each in one.variables.items() for part in ("--env", "=".join(each))]
    starting = subprocess.Popen([*command, one.image], stdout=subprocess.DEVNULL)
    try:
        yield name
    except BrokenError as error:
        shown = subprocess.run(["docker", "logs", name], capture_output=True, text=True)
        raise BrokenError(f"{error}: {(shown.stdout + shown.stderr)[-200:]!r}") from error
    finally:
        starting.wait()
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)


def _first_answer(one: Contained, port: int, model: Model) -> float:
    """The moment of the first answer other than an error, to a request of one row."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):  # not listening yet
            if predict(one.server, port, model.requests[1][0]) is not None:
                return time.monotonic()
        time.sleep(0.01)
    raise BrokenError(f"no prediction after {READY_SECONDS} s")


def _table(found: dict[str, list[Measured]], refused: dict[str, str], sizes: dict[str, int]) -> str:
    heads = ["container", "start s: median (least to most)", "CPU s", "PSS MB", "after requests"]
    heads += ["processes", "image MB", "start / ours", "PSS / ours"]
    ours = found.get(LAZY)
    lines = []
    for name, each in found.items():
        starts = [one.start_seconds for one in each]
        used = [one.used_pss_mb for one in each]
        ratios = ["", ""]
        if ours:
            pairs = list(zip(each, ours, strict=True))
            ratios[0] = f"{median(a.start_seconds / b.start_seconds for a, b in pairs):.2f}"
            ratios[1] = f"{median(a.used_pss_mb / b.used_pss_mb for a, b in pairs):.2f}"
        start = against(median(starts), MAX_START_SECONDS.get(name), lowest=False)
        line = [name, f"{start} ({min(starts):.2f} to {max(starts):.2f})"]
        line += [f"{median(one.cpu_seconds for one in each):.2f}"]
        line += [f"{median(one.pss_mb for one in each):.0f}"]
        line += [against(median(used), MAX_PSS_MB.get(name), lowest=False)]
        line += [f"{median(one.processes for one in each):.0f}", f"{sizes[name] / 1e6:.0f}"]
        lines.append([*line, *ratios])
    lines += [[name, reason, *[""] * (len(heads) - 2)] for name, reason in refused.items()]
    return markdown(heads, lines)


def _size(image: str) -> int:
    return int(_docker("image", "inspect", "--format", "{{.Size}}", image))


def _docker(*arguments: str) -> str:
    return subprocess.check_output(["docker", *arguments], text=True).strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one round: proves that all runs")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--base", default="package-base:bookworm-python3.11")
    return parser.parse_args()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
