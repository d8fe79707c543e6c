"""Starts the processes of a server, restarts each that ends, and logs why it ended."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from monitoring.metrics.restarts import RestartCounts
from packager.errors import PackageError
from serving.http.worker_table import Pulse, Pulses
from serving.processes.cgroup import MemoryEvents
from serving.processes.child import Child
from serving.processes.exit_reasons import WorkerExit
from serving.processes.memory_use import memory_use
from serving.processes.signals import Signals
from serving.processes.watchdog import Watchdog

CHECK_SECONDS = 1.0
MEMORY_SECONDS = 0.2
"""Seconds between checks while a process has a limit on its memory."""
LOADING_SECONDS = 60.0
"""Seconds between log lines about a worker that is still loading."""
DRAIN_SECONDS = 10.0
"""Seconds that a worker with a hung model gets to answer requests that don't need the model."""

logger = logging.getLogger("serving")


class Supervisor:
    """Runs ``children``; use it once, in the main thread."""

    def __init__(
        self,
        children: Sequence[Child],
        pulses: Pulses,
        counts: RestartCounts,
        end_seconds: float,
        paused: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """``end_seconds``: how long workers may take to answer pending requests at the end.

        ``paused``: a context in which this process has a single thread, for a fork.
        """
        self._children = children
        self._pulses = pulses
        self._counts = counts
        self._end_seconds = end_seconds
        self._paused = paused
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
                asked = signals.wait(self._check_seconds(), self._awaited())
                self._reap()
                self._check_processes()
                if asked & signals.END:
                    self._end(min(asked & signals.END).name)
                if signal.SIGHUP in asked:
                    logger.info("SIGHUP: nothing to do, key files are read again when they change")
        for child in self._running():
            child.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.process, 0)
        if self._error is not None:
            raise self._error

    def _running(self, *, workers: bool = False) -> list[Child]:
        return [c for c in self._children if c.process and (c.is_worker or not workers)]

    def _awaited(self) -> list[int]:
        """The descriptors whose first use starts a process."""
        if self._ending:
            return []
        return [c.wanted for c in self._children if c.wanted is not None and not c.started]

    def _check_seconds(self) -> float:
        limited = any(child.memory is not None for child in self._running())
        return MEMORY_SECONDS if limited else CHECK_SECONDS

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if not child.process and child.due <= now and child.is_wanted():
                self._start(child)

    def _start(self, child: Child) -> None:
        if child.notes is not None:
            child.notes.clear()
        child.hang, child.excess, child.kill_at, child.ready = None, None, math.inf, False
        child.started = child.loading_logged = time.monotonic()
        try:
            with self._paused():
                child.process = child.start()
        except OSError as error:  # out of memory, or too many processes
            pause = max(1.0, child.pauses.after(0.0))
            child.due = child.started + pause
            logger.error("%s can't be started, next try in %g s: %s", child.name, pause, error)

    def _reap(self) -> None:
        """Reap every process that ended; as process 1 this includes orphans of others."""
        with contextlib.suppress(ChildProcessError):
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            while (found := os.waitid(os.P_ALL, 0, look)) is not None:
                child = next((c for c in self._running() if c.process == found.si_pid), None)
                if child is not None:
                    child.kill()  # its own children
                _, status = os.waitpid(found.si_pid, 0)
                if child is not None:
                    self._ended(child, status)

    def _ended(self, child: Child, status: int) -> None:
        process, child.process = child.process, 0
        lived = time.monotonic() - child.started
        self._note_readiness(child, self._pulse(child, process))
        if child.is_worker:
            self._pulses.clear(child.place)
        elif child.pulse is not None:
            child.pulse.clear()
        failure = None if child.notes is None else child.notes.error()
        if self._ending:
            return
        if failure is not None and not self._could_load(child):
            self._error = failure
            self._end("a package that can't be loaded")
            return
        memory = self._killed_for_memory(status)
        ending = WorkerExit.of(status, memory, child.hang, child.excess)
        pause = child.pauses.after(lived)
        child.due = time.monotonic() + pause
        if child.is_worker:
            self._counts.add(ending.reason)
        fields: dict[str, Any] = {
            "reason": ending.reason,
            "exit": os.waitstatus_to_exitcode(status),
            "seconds": round(lived, 1),
            "restarts": self._counts.total(),
            "pause_seconds": pause,
        }
        if ending.hint:
            fields["hint"] = ending.hint
        if failure is not None:
            fields["error"], fields["hint"] = failure.message, failure.hint
        logger.error(
            "%s (process %d) %s; another starts %s",
            child.name,
            process,
            ending.text,
            f"in {pause:g} s" if pause else "now",
            extra={"fields": fields},
        )

    def _could_load(self, child: Child) -> bool:
        """Whether the package was loaded before; a process that is started on demand is no test."""
        if child.is_worker:
            return self._ever_ready
        return child.ever_ready or child.wanted is not None

    def _note_readiness(self, child: Child, pulse: Pulse) -> None:
        if pulse.beat:
            child.ever_ready = True
            self._ever_ready |= child.is_worker

    def _pulse(self, child: Child, process: int) -> Pulse:
        if child.pulse is not None:
            return child.pulse.read(process)
        return self._pulses.of(child.place) if child.is_worker else Pulse(process, 0, 0)

    def _killed_for_memory(self, status: int) -> MemoryEvents | None:
        """The group's memory events, if they report a kill not yet attributed to a worker."""
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return None
        events = MemoryEvents.read()
        if (events.kills or 0) <= self._kills:
            return None
        self._kills += 1
        return events

    def _check_processes(self) -> None:
        """Check that running processes make progress within their limits; end those that don't."""
        now = time.monotonic()
        seconds, self._looked = now - self._looked, now
        for child in self._running():
            if now >= child.kill_at:
                logger.error("%s (process %d) is killed: it did not end", child.name, child.process)
                child.kill_at = math.inf
                child.kill()
            elif child.watchdog is not None and child.hang is None and not self._ending:
                self._watch(child, child.watchdog, seconds)
            if child.memory is not None and child.excess is None:
                self._check_memory(child, child.memory)
        self._counts.repair()

    def _check_memory(self, child: Child, limit: int) -> None:
        used = memory_use(child.process)
        if used <= limit:
            return
        child.excess = f"it used {used >> 20} MiB, and its limit is {limit >> 20} MiB"
        child.kill_at = math.inf
        child.kill()

    def _watch(self, child: Child, watchdog: Watchdog, seconds: float) -> None:
        pulse = self._pulse(child, child.process)
        now = time.monotonic()
        if not pulse.beat:
            if now - child.loading_logged >= LOADING_SECONDS:
                child.loading_logged = now
                logger.warning("%s has been loading for %d s", child.name, now - child.started)
            return
        if not child.ready:
            child.ready = True
            self._note_readiness(child, pulse)
            after = now - child.started
            logger.info("%s (process %d) is ready after %.1f s", child.name, child.process, after)
        hang = watchdog.check(pulse, seconds)
        if hang is not None:
            fields = {"reason": "hang", "stacks": child.stacks()}
            logger.error(
                "%s (process %d) hangs: %s",
                child.name,
                child.process,
                hang,
                extra={"fields": fields},
            )
            child.hang = hang
            child.kill_at = now
            if watchdog.loop_runs and child.is_worker:
                child.kill_at += DRAIN_SECONDS
                child.send(signal.SIGTERM)

    def _end(self, why: str) -> None:
        """Let all workers answer pending requests, then end."""
        if self._ending:
            return
        self._ending = True
        logger.info("the server ends: %s", why)
        for child in self._running(workers=True):
            seconds = self._end_seconds if child.ready else DRAIN_SECONDS
            child.kill_at = time.monotonic() + seconds
            child.send(signal.SIGTERM)
