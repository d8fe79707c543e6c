"""What the workers of one server know of each other: a few numbers in shared memory."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

MOST = 1_024
_DRAINING = -1


class Workers:
    """A table with a place for each worker: its process, and how many connections it holds.

    Each worker writes its own place only, in one aligned word, so no lock is needed.
    """

    def __init__(self, path: Path | None, index: int) -> None:
        """Take the place ``index`` (below ``MOST``) of the table in ``path``; None: be alone."""
        memory = mmap.mmap(-1, 8 * MOST) if path is None else _shared(path)
        self._words = memoryview(memory).cast("i")
        self._place = 2 * index
        self._words[self._place + 1] = 0
        self._words[self._place] = os.getpid()

    @property
    def connections(self) -> int:
        """How many this worker holds."""
        return max(0, self._words[self._place + 1])

    def opened(self) -> None:
        """One connection more."""
        if self._words[self._place + 1] >= 0:
            self._words[self._place + 1] += 1

    def closed(self) -> None:
        """One connection less."""
        if self._words[self._place + 1] > 0:
            self._words[self._place + 1] -= 1

    def drain(self) -> None:
        """From now on this worker takes no part."""
        self._words[self._place + 1] = _DRAINING

    def fewest_elsewhere(self) -> int | None:
        """Connections of the worker that has fewest, this one aside; None where there is none."""
        words = self._words
        found = [
            words[place + 1]
            for place in range(0, self._end(), 2)
            if place != self._place and words[place] and words[place + 1] >= 0
        ]
        return min(found, default=None)

    def others_serve(self) -> bool:
        """Whether another worker is alive and takes connections."""
        words = self._words
        return any(
            words[place] and words[place + 1] >= 0 and _alive(words[place])
            for place in range(0, self._end(), 2)
            if place != self._place
        )

    def _end(self) -> int:
        """Behind the last place: places are given out from the lowest."""
        end = self._place + 2
        while end < len(self._words) and self._words[end]:
            end += 2
        return end


def _shared(path: Path) -> mmap.mmap:
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END) < 8 * MOST:
            file.truncate(8 * MOST)
        return mmap.mmap(file.fileno(), 8 * MOST)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
