"""A process of a server: how it is started, watched and ended."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from serving.http.worker_table import HeartbeatRecord
from serving.processes.exit_reasons import RestartBackoff
from serving.processes.fork import execute, fork
from serving.processes.shared_descriptors import STACKS_SIGNAL, SharedNotes
from serving.processes.watchdog import Watchdog

STACKS_SECONDS = 1.0
"""Seconds that a hung process gets to write the stacks of its threads."""


@dataclass(eq=False)
class Child:
    """A process that runs as long as the server does."""

    name: str
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: Sequence[int] = ()
    """The only descriptors that it inherits, besides standard output and error."""
    outputs: Sequence[int] = ()
    """Its standard output and error, if they aren't those of the supervisor."""
    slot: int = 0
    """For a worker: its number in the worker table, from 1."""
    model: int = 0
    """For a model process: its number, from 1."""
    mark: str = ""
    """For a model process: text in its variables that no other process has."""
    notes: SharedNotes | None = None
    """Its reports of stacks and of reasons why it can't load the package."""
    watchdog: Watchdog | None = None
    run: Callable[[], int] | None = None
    """Called in the process, in place of ``command``."""
    confine: Callable[[], object] | None = None
    """Restricts the process before ``command`` starts."""
    check: Callable[[], object] | None = None
    """Raises ``PackageError`` if what the process would load is not what the server has checked."""
    heartbeat: HeartbeatRecord | None = None
    """For a model process."""
    memory: int | None = None
    """Bytes that it and what it starts may use."""
    trigger: int | None = None
    """It is started when this descriptor is readable; None: with the server."""
    end_seconds: float = 0.0
    """Seconds that it gets to end once the workers have ended; 0: it is killed at once."""
    process: int = 0
    """Its id; 0 while it doesn't run."""
    pauses: RestartBackoff = field(default_factory=RestartBackoff)
    started: float = 0.0
    due: float = 0.0
    """When to start it (``time.monotonic()``), while it doesn't run."""
    kill_at: float = math.inf
    hang: str | None = None
    excess: str | None = None
    """Amount by which it exceeded ``memory``."""
    loading_logged: float = 0.0
    ready: bool = False
    ever_ready: bool = False
    failures: int = 0
    """Number of its processes in a row that ended before they were ready."""

    def check_again(self) -> None:
        """Check what it will load, unless it starts with the server, which has just done so."""
        if self.check is not None and (self.started or self.trigger is not None):
            self.check()

    @property
    def is_worker(self) -> bool:
        """Whether it answers requests."""
        return self.slot > 0

    @property
    def state(self) -> str:
        """One of the states of ``monitoring.metrics.restarts``."""
        if not self.started:
            return "idle"
        if not self.process:
            return "ended"
        return "ready" if self.ready else "loading"

    def start(self) -> int:
        """Start the process; return its id. Raises ``OSError``."""
        if self.run is not None:
            return fork(self.run, self.descriptors, self.name)
        return execute(self.command, self.environment, self.descriptors, self.confine, self.outputs)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, number)

    def kill(self) -> None:
        """Kill it and what it started: its group id is its process id."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)

    def stacks(self) -> list[str]:
        """The stacks of its threads; empty if it can't write them."""
        if self.notes is None:
            return []
        self.send(STACKS_SIGNAL)
        until = time.monotonic() + STACKS_SECONDS
        while not self.notes.read_stacks() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.02)
        return self.notes.read_stacks()

    def is_triggered(self) -> bool:
        """Whether its first use has come, or it runs whether it is used or not."""
        if self.trigger is None or self.started:
            return True
        return bool(select.select([self.trigger], [], [], 0)[0])
