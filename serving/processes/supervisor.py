"""Starts the processes of a server, restarts each that ends, and logs why it ended."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from monitoring.metrics.restarts import Kind, RestartCounts
from packager.errors import PackageError
from serving.http.worker_table import Heartbeat, Heartbeats
from serving.prediction.model_table import ModelEnd, ModelTable
from serving.processes.cgroup import MemoryEvents
from serving.processes.child import Child
from serving.processes.exit_reasons import WorkerExit
from serving.processes.finishing import let_finish
from serving.processes.memory_use import memory_use
from serving.processes.orphans import adopt, end_orphans, orphans
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
        heartbeats: Heartbeats,
        counts: RestartCounts,
        end_seconds: float,
        paused: Callable[[], AbstractContextManager[None]] = nullcontext,
        board: ModelTable | None = None,
    ) -> None:
        """``end_seconds``: how long workers may take to answer pending requests at the end.

        ``paused``: a context in which this process has a single thread, for a fork. ``board``:
        shared with the workers, if there are model processes.
        """
        self._board = board
        self._children = children
        self._heartbeats = heartbeats
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
        adopt()
        with Signals() as signals:
            while not (self._ending and not any(self._running(workers=True))):
                if not self._ending:
                    self._start_due()
                signal_number = signals.wait(self._check_seconds(), self._awaited())
                self._reap()
                self._check_processes()
                if signal_number & signals.END:
                    self._end(min(signal_number & signals.END).name)
                if signal.SIGHUP in signal_number:
                    logger.info("SIGHUP: nothing to do, key files are read again when they change")
            let_finish(self._running(), self._reap, signals)
        for child in self._running():
            child.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.process, 0)
            child.process = 0
        for child in self._children:
            self._end_what_it_left(child)
        if self._error is not None:
            raise self._error

    def _running(self, *, workers: bool = False) -> list[Child]:
        return [c for c in self._children if c.process and (c.is_worker or not workers)]

    def _awaited(self) -> list[int]:
        """The descriptors whose first use starts a process."""
        awaited = (c.trigger for c in self._children if not (c.started or self._ending))
        return [one for one in awaited if one is not None]

    def _check_seconds(self) -> float:
        limited = any(c.memory is not None for c in self._running())
        return MEMORY_SECONDS if limited else CHECK_SECONDS

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if not child.process and child.due <= now and child.is_triggered():
                self._start(child)

    def _start(self, child: Child) -> None:
        try:
            child.check_again()
        except PackageError as error:
            self._error = error
            return self._end("a package that was changed")
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
            while (ended := os.waitid(os.P_ALL, 0, look)) is not None:
                child = next((c for c in self._running() if c.process == ended.si_pid), None)
                if child is not None:
                    child.kill()  # its own children
                _, status = os.waitpid(ended.si_pid, 0)
                if child is not None:
                    self._ended(child, status)

    def _ended(self, child: Child, status: int) -> None:
        process, child.process = child.process, 0
        lived = time.monotonic() - child.started
        heartbeat = self._heartbeat(child, process)
        ready = bool(heartbeat.beat)
        self._note_readiness(child, heartbeat)
        if child.is_worker:
            self._heartbeats.clear(child.slot)
            if self._board is not None:
                self._board.forget(child.slot)
        elif child.heartbeat is not None:
            child.heartbeat.clear()
        failure = None if child.notes is None else child.notes.error()
        self._end_what_it_left(child)
        if self._ending:
            return
        if failure is not None and not self._could_load(child):
            self._error = failure
            self._end("a package that can't be loaded")
            return
        memory = self._killed_for_memory(status)
        ending = WorkerExit.of(status, memory, child.hang, child.excess)
        if child.model:
            ending = ending.of_model(
                os.waitstatus_to_exitcode(status), reported=failure is not None
            )
        pause = child.pauses.after(lived)
        child.due = time.monotonic() + pause
        kind: Kind = "process" if child.model else "worker"
        if child.is_worker or child.model:
            self._counts.add(ending.reason, kind)
        if child.model and self._board is not None:
            child.failures = 0 if ready else child.failures + 1
            self._board.ended(child.model, ModelEnd(ending.text, child.failures, child.due))
        fields: dict[str, Any] = {
            **{"reason": ending.reason, "exit": os.waitstatus_to_exitcode(status)},
            "seconds": round(lived, 1),
            "restarts": self._counts.total(kind),
            "pause_seconds": pause,
        }
        if ending.hint:
            fields["hint"] = ending.hint
        if failure is not None:
            fields["error"], fields["hint"] = failure.message, failure.hint
        text = f"{child.name} (process {process}) {ending.text}"
        after = f"in {pause:g} s" if pause else "now"
        logger.error("%s; another starts %s", text, after, extra={"fields": fields})

    def _end_what_it_left(self, child: Child) -> None:
        """Kill the processes of a model process that has ended, which left its group."""
        if child.mark:
            count = end_orphans(*self._marks(child))
            if count:
                logger.warning("%s had left %d processes, which are killed", child.name, count)

    def _marks(self, child: Child) -> tuple[set[int], str, list[str]]:
        """The arguments of ``orphans`` for the processes that ``child`` has left."""
        known = {one.process for one in self._running()}
        others = [one.mark for one in self._running() if one.mark and one is not child]
        return known, child.mark, others

    def _could_load(self, child: Child) -> bool:
        """Whether the package was loaded before; a process that is started on demand is no test."""
        if child.is_worker:
            return self._ever_ready
        models = [one for one in self._children if one.model]
        return child.trigger is not None or any(model.ever_ready for model in (child, *models))

    def _note_readiness(self, child: Child, heartbeat: Heartbeat) -> None:
        if heartbeat.beat:
            child.ever_ready = True
            self._ever_ready |= child.is_worker

    def _heartbeat(self, child: Child, process: int) -> Heartbeat:
        if child.heartbeat is not None:
            owed = self._board.owed(child.model) if self._board and child.model else 0
            return child.heartbeat.read(process, owed)
        return self._heartbeats.of(child.slot) if child.is_worker else Heartbeat(process, 0, 0)

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
        models = [one for one in self._children if one.model]
        self._counts.set_states(Counter(model.state for model in models))
        self._counts.repair()

    def _check_memory(self, child: Child, limit: int) -> None:
        orphan_processes = orphans(*self._marks(child)) if child.mark else []
        used = sum(map(memory_use, (child.process, *orphan_processes)))
        if used <= limit:
            return
        child.excess = f"it used {used >> 20} MiB, and its limit is {limit >> 20} MiB"
        child.kill_at = math.inf
        child.kill()

    def _watch(self, child: Child, watchdog: Watchdog, seconds: float) -> None:
        heartbeat = self._heartbeat(child, child.process)
        now = time.monotonic()
        if not heartbeat.beat:
            if now - child.loading_logged >= LOADING_SECONDS:
                child.loading_logged = now
                logger.warning("%s has been loading for %d s", child.name, now - child.started)
            return
        if not child.ready:
            child.ready, child.failures = True, 0
            self._note_readiness(child, heartbeat)
            if child.model and self._board is not None:
                self._board.loaded(child.model)
            after = now - child.started
            logger.info("%s (process %d) is ready after %.1f s", child.name, child.process, after)
        hang = watchdog.check(heartbeat, seconds)
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
