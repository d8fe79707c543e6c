"""Memory after large requests, which allocate and free millions of objects."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_SECONDS = 1.0
"""Delay after a large request; by then its answer has probably been sent."""


@contextmanager
def gc_paused() -> Iterator[None]:
    """Disable the cyclic garbage collector.

    It would traverse all rows repeatedly while they are created, for a third of the time, block
    every other thread, and find nothing.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


class MemoryTrimmer:
    """Returns freed memory to the system; the C library would keep it."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it
        self._waiting = False

    def schedule(self) -> None:
        """Trim after ``TRIM_SECONDS`` in a new thread; calls until then are merged into one."""
        if self._trim is not None and not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(TRIM_SECONDS, self._now)

    def _now(self) -> None:
        self._waiting = False
        threading.Thread(target=self._trim, args=(0,), daemon=True).start()
