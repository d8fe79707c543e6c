"""A Docker engine of the drill's own, in namespaces of the drill's own.

The drill runs itself again under ``unshare``: without another network than its loopback, and in a
PID namespace, so that engine and containers end with it, whatever happens. The user's engine,
bridges and packet filters are not touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from drill_parts import paths

INSIDE = "--inside"
START_SECONDS = 60
ALONE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def missing_programs() -> list[str]:
    """What the drill needs and this machine lacks."""
    needed = ("dockerd", "unshare", "ip", "mmdebstrap")
    return [name for name in needed if shutil.which(name) is None]


def again_in_namespaces(arguments: list[str]) -> int:
    """Run this program within the namespaces; return its exit code."""
    command = [*ALONE, sys.executable, str(paths.TOP / "scripts/drill.py"), INSIDE, *arguments]
    return subprocess.run(command, check=False).returncode


@contextmanager
def own_engine() -> Iterator[None]:
    """An engine, which every Docker client of the block uses."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    with (
        # Names of sockets are at most 107 characters long.
        tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as run,
        (paths.LOGS / "engine.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(["dockerd", *_options(run)], stdout=log, stderr=log) as process,
    ):
        os.environ["DOCKER_HOST"] = f"unix://{run}/engine.sock"
        try:
            _wait(process)
            _clear()
            yield
        finally:
            process.terminate()


def _clear() -> None:
    """Remove the containers, volumes and networks of a drill that was killed; images stay."""
    for listed, removed in (
        (("ps", "--all", "--quiet"), ("rm", "--force")),
        (("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        (("network", "ls", "--quiet", "--filter", "type=custom"), ("network", "rm")),
    ):
        found = subprocess.run(["docker", *listed], capture_output=True, text=True, check=True)
        if names := found.stdout.split():
            subprocess.run(["docker", *removed, *names], capture_output=True, check=True)


def _options(run: str) -> list[str]:
    return [
        f"--data-root={paths.WORK / 'engine'}",
        f"--exec-root={run}/exec",
        f"--pidfile={run}/engine.pid",
        f"--host=unix://{run}/engine.sock",
    ]


def _wait(process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        done = subprocess.run(["docker", "version"], capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.2)
    sys.exit(f"error: the engine did not start\nhint: see {paths.LOGS / 'engine.log'}")
