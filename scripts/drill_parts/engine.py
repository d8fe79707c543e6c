"""The Docker engine of the drill's own, which keeps its images for the next drill.

The drill runs itself again in the engine's namespaces: without another network than its loopback,
and in its PID namespace, so that engine, containers and drill end together, whatever happens. The
user's engine, bridges and packet filters are not touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import own_engine

from drill_parts import paths

INSIDE = "--inside"


def why_not() -> str | None:
    """The requirements of the drill that this machine lacks; None if it has all."""
    if found := own_engine.why_not():
        return found
    return None if shutil.which("mmdebstrap") else "needs mmdebstrap"


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Exits if another drill has the folder: both would use one engine's data."""
    paths.WORK.mkdir(exist_ok=True)
    with paths.LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"error: another drill runs in {paths.WORK}\nhint: wait until it has ended")
        yield


def again_in_namespaces(arguments: list[str]) -> int:
    """Start the engine, and run this program in its namespaces; return its exit code."""
    command = [sys.executable, paths.TOP / "scripts/drill.py", INSIDE, *arguments]
    with own_engine.own_engine(data=paths.WORK / "engine") as engine:
        # Ctrl-C is for the drill, which ends the deployment in order.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            done = subprocess.run(engine.inside(command), env=engine.environment, check=False)
        finally:
            signal.signal(signal.SIGINT, before)
            shutil.copyfile(engine.folder / "log", paths.LOGS / "engine.log")
    return done.returncode


def clear() -> None:
    """Remove the containers, volumes and networks of a drill that was killed; images stay."""
    for listed, removed in (
        (("ps", "--all", "--quiet"), ("rm", "--force")),
        (("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        (("network", "ls", "--quiet", "--filter", "type=custom"), ("network", "rm")),
    ):
        found = subprocess.run(["docker", *listed], capture_output=True, text=True, check=True)
        if names := found.stdout.split():
            subprocess.run(["docker", *removed, *names], capture_output=True, check=True)


def derive(image: str, base: str, lines: str, folder: Path | None = None) -> None:
    """An image of ``base`` with more lines of a Dockerfile, which may copy from ``folder``."""
    source = ["-"] if folder is None else ["--file", "-", str(folder)]
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", image, *source],
        input=f"FROM {base}\n{lines}\n".encode(),
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        check=True,
        capture_output=True,
    )
