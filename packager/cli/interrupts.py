"""Signals that stop the command: one stops it, and repetitions of it don't stop its tidying up."""

from __future__ import annotations

import signal
import time
from types import FrameType

REPETITION_SECONDS = 2.0
"""A signal that comes sooner is the same: a terminal and a program that started this one, such as
``make`` or ``uv run``, both send it."""


class Interrupts:
    """Raises ``KeyboardInterrupt`` at SIGINT, SIGTERM and SIGHUP."""

    def __init__(self) -> None:
        self._last = -REPETITION_SECONDS

    def install(self) -> None:
        """Handle the signals from now on.

        A shell that starts this process in the background ignores SIGINT; handle it again.
        """
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name), self)

    def __call__(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Called by the interpreter."""
        before, self._last = self._last, time.monotonic()
        if self._last - before >= REPETITION_SECONDS:
            raise KeyboardInterrupt
