"""Reports to the supervisor that the serving process makes progress, in shared memory."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


class HostHeartbeat:
    """Two unsigned 64-bit numbers: when the loop last ran, and since when the model is busy.

    Both are ``time.monotonic_ns()``; 0: still loading, and idle.
    """

    def __init__(self, location: str | None) -> None:
        """``location``: ``descriptor:offset`` of the memory; None: there is no supervisor."""
        self._words = None
        if location is not None:
            descriptor, _, offset = location.partition(":")
            os.set_inheritable(int(descriptor), False)
            memory = mmap.mmap(int(descriptor), 0)
            self._words = memoryview(memory)[int(offset) : int(offset) + 16].cast("Q")

    def beat(self) -> None:
        """Report that the loop runs."""
        if self._words is not None:
            self._words[0] = time.monotonic_ns()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A context in which the model is called."""
        if self._words is None:
            yield
            return
        self._words[1] = time.monotonic_ns()
        try:
            yield
        finally:
            self._words[1] = 0
