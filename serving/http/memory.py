"""What large requests do to a process: millions of objects for a moment, then none."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_SECONDS = 1.0
"""After a large request: by then its answer is likely to be sent."""


@contextmanager
def gc_paused() -> Iterator[None]:
    """Keep the cyclic collector still.

    It would go through all rows again and again while they are made, for a third of the time, with
    every other thread waiting, and find nothing.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


class MemoryTrimmer:
    """Gives memory that was freed back to the system; the C library keeps it for itself."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
        self._waiting = False

    def schedule(self) -> None:
        """In a moment, in a thread of its own; once for all that asked meanwhile."""
        if self._trim is not None and not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(TRIM_SECONDS, self._now)

    def _now(self) -> None:
        self._waiting = False
        threading.Thread(target=self._trim, args=(0,), daemon=True).start()
