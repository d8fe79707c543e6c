"""Signals that stop the command: one stops it, and repetitions of it don't stop its tidying up."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

STOPPED = 130
"""Exit code after a signal: that of typer after Ctrl-C, and of shells."""

REPETITION_SECONDS = 2.0
"""A signal that comes sooner is the same: a terminal and a program that started this one, such as
``make`` or ``uv run``, both send it."""


class Interrupts:
    """Raises ``KeyboardInterrupt`` at SIGINT, SIGTERM and SIGHUP; while ``starting``, exits."""

    def __init__(self, *, starting: bool = False) -> None:
        self.starting = starting
        """Whether modules are being imported: nothing is to be tidied up, and an import may not
        end in the middle, because the error would be that of the library."""
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
        if self.starting:
            _exit()
        before, self._last = self._last, time.monotonic()
        if self._last - before >= REPETITION_SECONDS:
            raise KeyboardInterrupt


def _exit() -> None:
    """End this process as a command that was stopped does, without the libraries that print."""
    notice = "! stopped"
    if "--json" in sys.argv[1:]:
        notice = f'{{"message": "stopped", "hint": null, "exit_code": {STOPPED}}}'
    os.write(2, f"{notice}\n".encode())
    os._exit(STOPPED)
