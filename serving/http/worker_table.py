"""What the workers of one server know of each other: a few numbers in shared memory.

The supervising process makes the memory (:func:`make_table`), so neither a full disk nor a deleted
file can take it away, and each worker inherits its descriptor.
"""

from __future__ import annotations

import mmap
import os
import time
from dataclasses import dataclass

MAX_SLOTS = 1_024
_WORDS = 4
_PROCESS, _CONNECTIONS, _BEAT, _BUSY = range(_WORDS)
_SIZE = 8 * _WORDS * MAX_SLOTS
_DRAINING = -1


def make_table() -> int:
    """The descriptor of an empty table; raises ``OSError`` where there is no memory for it."""
    descriptor = os.memfd_create("workers")
    os.posix_fallocate(descriptor, 0, _SIZE)
    return descriptor


@dataclass(frozen=True)
class Pulse:
    """What a worker last said of itself; times are ``time.monotonic_ns()``, 0 for never."""

    process: int
    beat: int
    """When its event loop last ran."""
    busy_since: int
    """When its model began with what it is at; 0 while it has nothing to do."""


class Workers:
    """A table with a place for each worker.

    Each worker writes its own place only, in aligned words, so no lock is needed.
    """

    def __init__(self, table: int | None, index: int) -> None:
        """Take the place ``index`` (below ``MAX_SLOTS``) of ``table``; None: be alone."""
        self._words = _mapped(table)
        self._place = _WORDS * index
        for word in (_CONNECTIONS, _BEAT, _BUSY):
            self._words[self._place + word] = 0
        self._words[self._place] = os.getpid()

    @property
    def connections(self) -> int:
        """How many this worker holds."""
        return max(0, self._words[self._place + _CONNECTIONS])

    def opened(self) -> None:
        """One connection more."""
        if self._words[self._place + _CONNECTIONS] >= 0:
            self._words[self._place + _CONNECTIONS] += 1

    def closed(self) -> None:
        """One connection less."""
        if self._words[self._place + _CONNECTIONS] > 0:
            self._words[self._place + _CONNECTIONS] -= 1

    def drain(self) -> None:
        """From now on this worker takes no part."""
        self._words[self._place + _CONNECTIONS] = _DRAINING

    def beat(self) -> None:
        """The event loop runs."""
        self._words[self._place + _BEAT] = time.monotonic_ns()

    def busy(self, since: int) -> None:
        """The model began at ``since`` (``time.monotonic_ns()``), or, with 0, has ended."""
        self._words[self._place + _BUSY] = since

    def fewest_elsewhere(self) -> int | None:
        """Connections of the worker that has fewest, this one aside; None where there is none."""
        words = self._words
        found = [
            words[place + _CONNECTIONS]
            for place in range(0, self._end(), _WORDS)
            if place != self._place and words[place] and words[place + _CONNECTIONS] >= 0
        ]
        return min(found, default=None)

    def others_serve(self) -> bool:
        """Whether another worker is alive and takes connections."""
        words = self._words
        return any(
            words[place] and words[place + _CONNECTIONS] >= 0 and _alive(words[place])
            for place in range(0, self._end(), _WORDS)
            if place != self._place
        )

    def _end(self) -> int:
        """Behind the last place: places are given out from the lowest."""
        end = self._place + _WORDS
        while end < len(self._words) and self._words[end]:
            end += _WORDS
        return end


class Pulses:
    """The table as the supervising process reads it."""

    def __init__(self, table: int) -> None:
        self._words = _mapped(table)

    def of(self, index: int) -> Pulse:
        """What the worker in the place ``index`` last said."""
        place = _WORDS * index
        words = self._words
        return Pulse(words[place], words[place + _BEAT], words[place + _BUSY])

    def clear(self, index: int) -> None:
        """Empty the place of a worker that has ended: nobody waits for its turn."""
        place = _WORDS * index
        self._words[place + _CONNECTIONS] = _DRAINING
        self._words[place + _BEAT] = self._words[place + _BUSY] = 0


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
