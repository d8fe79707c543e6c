"""Starts the processes of a server, restarts each that ends, and logs why it ended."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitoring.metrics.restarts import RestartCounts
from packager.errors import PackageError
from serving.http.worker_table import Pulses
from serving.processes.cgroup import MemoryEvents
from serving.processes.exit_reasons import RestartBackoff, WorkerExit
from serving.processes.shared_descriptors import STACKS_SIGNAL, SharedNotes
from serving.processes.signals import Signals
from serving.processes.watchdog import Watchdog

CHECK_SECONDS = 1.0
LOADING_SECONDS = 60.0
"""Seconds between log lines about a worker that is still loading."""
STACKS_SECONDS = 1.0
"""Seconds that a hung worker gets to write the stacks of its threads."""
DRAIN_SECONDS = 10.0
"""Seconds that a worker with a hung model gets to answer requests that don't need the model."""

logger = logging.getLogger("serving")


@dataclass(eq=False)
class Child:
    """A process that runs as long as the server does."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int]
    place: int = 0
    """For a worker: its slot in the worker table."""
    notes: SharedNotes | None = None
    """Only for workers."""
    watchdog: Watchdog | None = None
    """Only for workers."""
    process: subprocess.Popen[bytes] | None = None
    pauses: RestartBackoff = field(default_factory=RestartBackoff)
    started: float = 0.0
    due: float = 0.0
    """When to start it (``time.monotonic()``), while it doesn't run."""
    kill_at: float = math.inf
    hang: str | None = None
    loading_logged: float = 0.0
    ready: bool = False


class Supervisor:
    """Runs ``children``; use it once, in the main thread."""

    def __init__(
        self,
        children: Sequence[Child],
        pulses: Pulses,
        counts: RestartCounts,
        end_seconds: float,
    ) -> None:
        """``end_seconds``: how long workers may take to answer pending requests at the end."""
        self._children = children
        self._pulses = pulses
        self._counts = counts
        self._end_seconds = end_seconds
        self._ending = False
        self._ever_ready = False
        self._error: PackageError | None = None
        self._kills = MemoryEvents.read().kills or 0
        self._looked = time.monotonic()

    def run(self) -> None:
        """Run until a signal to end arrives and all workers have ended.

        Raises ``PackageError`` if no worker can load the package.
        """
        with Signals() as signals:
            while not (self._ending and not any(self._running(workers=True))):
                if not self._ending:
                    self._start_due()
                asked = signals.wait(CHECK_SECONDS)
                self._reap()
                self._check_workers()
                if asked & signals.END:
                    self._end(min(asked & signals.END).name)
                if signal.SIGHUP in asked:
                    logger.info("SIGHUP: nothing to do, key files are read again when they change")
        for child in self._running():
            _send(child, signal.SIGKILL)
        if self._error is not None:
            raise self._error

    def _running(self, *, workers: bool = False) -> Iterable[Child]:
        return [c for c in self._children if c.process is not None and (c.notes or not workers)]

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.due <= now:
                self._start(child)

    def _start(self, child: Child) -> None:
        if child.notes is not None:
            child.notes.clear()
        child.hang, child.kill_at, child.ready = None, math.inf, False
        child.started = child.loading_logged = time.monotonic()
        try:
            child.process = subprocess.Popen(
                child.command,
                env=child.environment,
                pass_fds=child.descriptors,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:  # out of memory, or too many processes
            pause = max(1.0, child.pauses.after(0.0))
            child.due = child.started + pause
            logger.error("%s can't be started, next try in %g s: %s", child.name, pause, error)

    def _reap(self) -> None:
        """Reap every process that ended; as process 1 this includes orphans of others."""
        with contextlib.suppress(ChildProcessError):
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            while (found := os.waitid(os.P_ALL, 0, look)) is not None:
                child = next((c for c in self._running() if _pid(c) == found.si_pid), None)
                if child is not None:
                    _send_group(child, signal.SIGKILL)  # its own children
                _, status = os.waitpid(found.si_pid, 0)
                if child is not None:
                    self._ended(child, status)

    def _ended(self, child: Child, status: int) -> None:
        assert child.process is not None
        process, child.process = child.process, None
        process.returncode = os.waitstatus_to_exitcode(status)
        lived = time.monotonic() - child.started
        failure = None
        if child.notes is not None:
            self._ever_ready |= self._pulses.of(child.place).beat > 0
            self._pulses.clear(child.place)
            failure = child.notes.error()
        if self._ending:
            return
        if failure is not None and not self._ever_ready:
            self._error = failure
            self._end("a package that can't be loaded")
            return
        ending = WorkerExit.of(status, self._killed_for_memory(status), child.hang)
        pause = child.pauses.after(lived)
        child.due = time.monotonic() + pause
        if child.notes is not None:
            self._counts.add(ending.reason)
        self._log_exit(child, process, ending, failure, lived, pause)

    def _killed_for_memory(self, status: int) -> MemoryEvents | None:
        """The group's memory events, if they report a kill not yet attributed to a worker."""
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return None
        events = MemoryEvents.read()
        if (events.kills or 0) <= self._kills:
            return None
        self._kills += 1
        return events

    def _log_exit(
        self,
        child: Child,
        process: subprocess.Popen[bytes],
        ending: WorkerExit,
        failure: PackageError | None,
        lived: float,
        pause: float,
    ) -> None:
        fields = {
            "reason": ending.reason,
            "exit": process.returncode,
            "seconds": round(lived, 1),
            "restarts": self._counts.total(),
            "pause_seconds": pause,
        }
        if ending.hint:
            fields["hint"] = ending.hint
        if failure is not None:
            fields["error"], fields["hint"] = failure.message, failure.hint
        soon = f"in {pause:g} s" if pause else "now"
        logger.error(
            "%s (process %d) %s; another starts %s",
            child.name,
            process.pid,
            ending.text,
            soon,
            extra={"fields": fields},
        )

    def _check_workers(self) -> None:
        """Check that running processes make progress, and end those that don't."""
        now = time.monotonic()
        seconds, self._looked = now - self._looked, now
        for child in self._running():
            if now >= child.kill_at:
                logger.error("%s (process %d) is killed: it did not end", child.name, _pid(child))
                child.kill_at = math.inf
                _send_group(child, signal.SIGKILL)
            elif child.watchdog is not None and child.hang is None and not self._ending:
                self._watch(child, child.watchdog, seconds)
        self._counts.repair()

    def _watch(self, child: Child, watchdog: Watchdog, seconds: float) -> None:
        pulse = self._pulses.of(child.place)
        now = time.monotonic()
        if not pulse.beat:
            if now - child.loading_logged >= LOADING_SECONDS:
                child.loading_logged = now
                logger.warning("%s has been loading for %d s", child.name, now - child.started)
            return
        if not child.ready:
            child.ready = self._ever_ready = True
            after = now - child.started
            logger.info("%s (process %d) is ready after %.1f s", child.name, _pid(child), after)
        hang = watchdog.check(pulse, seconds)
        if hang is not None:
            fields = {"reason": "hang", "stacks": _stacks(child)}
            logger.error(
                "%s (process %d) hangs: %s", child.name, _pid(child), hang, extra={"fields": fields}
            )
            child.hang = hang
            child.kill_at = now
            if watchdog.loop_runs:
                child.kill_at += DRAIN_SECONDS
                _send(child, signal.SIGTERM)

    def _end(self, why: str) -> None:
        """Let all workers answer pending requests, then end."""
        if self._ending:
            return
        self._ending = True
        logger.info("the server ends: %s", why)
        for child in self._running(workers=True):
            seconds = self._end_seconds if child.ready else DRAIN_SECONDS
            child.kill_at = time.monotonic() + seconds
            _send(child, signal.SIGTERM)


def _stacks(child: Child) -> list[str]:
    """The stacks of a worker's threads; empty if it can't write them."""
    if child.notes is None:
        return []
    _send(child, STACKS_SIGNAL)
    until = time.monotonic() + STACKS_SECONDS
    while not child.notes.read_stacks() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.02)
    return child.notes.read_stacks()


def _pid(child: Child) -> int:
    return 0 if child.process is None else child.process.pid


def _send(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(_pid(child), number)


def _send_group(child: Child, number: signal.Signals) -> None:
    """Send a signal to the process and its children; its group id is its process id."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(_pid(child), number)
