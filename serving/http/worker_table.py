"""State that the workers of one server share: a few numbers for each, in shared memory.

The supervisor allocates the memory (:func:`make_table`), so that neither a full disk nor a deleted
file can break it, and each worker inherits its descriptor.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from dataclasses import dataclass

MAX_SLOTS = 1_024
_WORDS = 4
_PROCESS, _CONNECTIONS, _BEAT, _BUSY = range(_WORDS)
_SIZE = 8 * _WORDS * MAX_SLOTS
_DRAINING = -1
_SIZE_IS_FIXED = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def make_table() -> int:
    """The descriptor of an empty table; raises ``OSError`` if there is not enough memory."""
    descriptor = os.memfd_create("workers")
    os.posix_fallocate(descriptor, 0, _SIZE)
    return descriptor


@dataclass(frozen=True)
class Heartbeat:
    """The last report of a worker; times are ``time.monotonic_ns()``, 0 for never."""

    process: int
    beat: int
    """When its event loop last ran."""
    busy_since: int
    """When the running model call began; 0 while the model is idle."""
    owed: int = 0
    """For a model process: the deadline of the oldest request that it has left unanswered; or 0."""


class HeartbeatRecord:
    """The heartbeat of a model process, in memory of its own: it must not write to that of workers.

    The process finds it as ``descriptor:offset``: two unsigned 64-bit numbers, ``beat`` and
    ``busy_since``.
    """

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("heartbeat", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.posix_fallocate(self.descriptor, 0, mmap.PAGESIZE)
        # The process could cut the file off: then a read of it would end the supervisor (SIGBUS).
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SIZE_IS_FIXED)
        self._words = memoryview(mmap.mmap(self.descriptor, mmap.PAGESIZE)).cast("Q")

    def read(self, process: int, owed: int = 0) -> Heartbeat:
        """The last report of the process, whose loop waits while the model is called."""
        beat, busy_since = self._words[0], self._words[1]
        moment = time.monotonic_ns() if beat and busy_since else beat
        return Heartbeat(process, moment, busy_since, owed)

    def clear(self) -> None:
        """Forget the report of a process that has ended."""
        self._words[0] = self._words[1] = 0


class Workers:
    """A table with one slot per worker.

    Each worker writes only to its own slot, in aligned words, so no lock is needed.
    """

    def __init__(self, table: int | None, index: int) -> None:
        """Use slot ``index`` (below ``MAX_SLOTS``) of ``table``; None for a table of its own."""
        self._words = _mapped(table)
        self._start = _WORDS * index
        for word in (_CONNECTIONS, _BEAT, _BUSY):
            self._words[self._start + word] = 0
        self._words[self._start] = os.getpid()

    @property
    def connections(self) -> int:
        """Open connections of this worker."""
        return max(0, self._words[self._start + _CONNECTIONS])

    def opened(self) -> None:
        """Count a new connection."""
        if self._words[self._start + _CONNECTIONS] >= 0:
            self._words[self._start + _CONNECTIONS] += 1

    def closed(self) -> None:
        """Count a closed connection."""
        if self._words[self._start + _CONNECTIONS] > 0:
            self._words[self._start + _CONNECTIONS] -= 1

    def drain(self) -> None:
        """Mark this worker as draining: it takes no further connections."""
        self._words[self._start + _CONNECTIONS] = _DRAINING

    def beat(self) -> None:
        """Record that the event loop runs."""
        self._words[self._start + _BEAT] = time.monotonic_ns()

    def busy(self, since: int) -> None:
        """Record that the model began at ``since`` (``time.monotonic_ns()``), or with 0, ended."""
        self._words[self._start + _BUSY] = since

    def fewest_elsewhere(self) -> int | None:
        """The least number of connections of another worker; None if there is no other."""
        words = self._words
        connections = [
            words[index + _CONNECTIONS]
            for index in range(0, self._end(), _WORDS)
            if index != self._start and words[index] and words[index + _CONNECTIONS] >= 0
        ]
        return min(connections, default=None)

    def others_serve(self) -> bool:
        """Whether another worker is alive and accepts connections."""
        words = self._words
        return any(
            words[index] and words[index + _CONNECTIONS] >= 0 and _alive(words[index])
            for index in range(0, self._end(), _WORDS)
            if index != self._start
        )

    def _end(self) -> int:
        """The end of the used slots, which are allocated from the lowest index."""
        end = self._start + _WORDS
        while end < len(self._words) and self._words[end]:
            end += _WORDS
        return end


class Heartbeats:
    """The supervisor's view of the table."""

    def __init__(self, table: int) -> None:
        self._words = _mapped(table)

    def of(self, index: int) -> Heartbeat:
        """The last report of the worker in slot ``index``."""
        position = _WORDS * index
        words = self._words
        return Heartbeat(words[position], words[position + _BEAT], words[position + _BUSY])

    def clear(self, index: int) -> None:
        """Clear the slot of a worker that has ended, so that the others don't wait for it."""
        position = _WORDS * index
        self._words[position + _CONNECTIONS] = _DRAINING
        self._words[position + _BEAT] = self._words[position + _BUSY] = 0


def _mapped(table: int | None) -> memoryview:
    return memoryview(mmap.mmap(-1 if table is None else table, _SIZE)).cast("q")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
