"""Replicas of a package that can be killed, as a whole or one worker at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command import PACKAGE

WORKER = "worker "
"""How the name of a worker's process begins."""


@dataclass(frozen=True)
class Replica:
    """``package serve --local`` and the server it started."""

    url: str
    command: subprocess.Popen[str]

    @property
    def address(self) -> str:
        """``host:port``, as in Prometheus' configuration."""
        return self.url.removeprefix("http://")

    def post(self, path: str, document: Any) -> Any:
        body = json.dumps(document).encode()
        with urllib.request.urlopen(f"{self.url}{path}", body, timeout=60) as answer:
            return json.load(answer)

    def server(self) -> int:
        """The process id of the server."""
        return next(
            pid
            for pid in _below(self.command.pid)
            if "serving" in _arguments(pid) and not _name(pid).startswith(WORKER)
        )

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [pid for pid in _below(self.command.pid) if _name(pid).startswith(WORKER)]

    def kill_worker(self) -> None:
        """Kill one worker (SIGKILL), and wait until another has replaced it."""
        before = self.workers()
        os.kill(before[0], signal.SIGKILL)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if before[0] not in self.workers() and len(self.workers()) == len(before):
                return
            time.sleep(0.1)
        raise AssertionError("no worker came in the place of the killed one")

    def kill(self) -> None:
        """Kill all processes (SIGKILL) at once."""
        pids = [self.server(), *self.workers()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # so that none starts another meanwhile
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.command.wait(60)


@contextmanager
def replica(reference: str) -> Iterator[Replica]:
    """Serve a package; the test may have killed it when the block ends."""
    command = subprocess.Popen(
        [PACKAGE, "serve", reference, "--local", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert command.stdout is not None
    try:
        url = command.stdout.readline().strip()
        assert url, "the package is not served"
        yield Replica(url, command)
    finally:
        if command.poll() is None:
            command.send_signal(signal.SIGINT)
        command.wait(60)
        command.stdout.close()


def _below(pid: int) -> list[int]:
    """Every process that descends from ``pid``."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # the process has just ended
        return []
    children = [int(child) for child in text.split()]
    return [found for child in children for found in (child, *_below(child))]


def _arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:  # the process has just ended
        return ""


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:  # the process has just ended
        return ""
