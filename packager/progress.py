"""Progress reports of long jobs; the command line prints them, tests collect them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Literal, Protocol

LayerSource = Literal["fetched", "cached", "built", "sent", "mounted", "held"]


class Progress(Protocol):
    """Receives progress reports."""

    def step(self, text: str) -> None:
        """Report the start of a step."""

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Report a finished layer or download: source, size in bytes, duration in seconds."""

    def warn(self, text: str) -> None:
        """Report a warning; the job continues."""

    def output(self, text: str) -> None:
        """Report a line of output of the user's code."""


class NullProgress:
    """Discards all reports."""

    def step(self, text: str) -> None:
        """Do nothing."""

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Do nothing."""

    def output(self, text: str) -> None:
        """Do nothing."""


class HeldProgress:
    """Keeps the reports of another thread until ``release``, then passes them on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = Lock()
        self._held: list[Callable[[], None]] | None = []

    def release(self) -> None:
        """Pass on what was kept, and what follows at once."""
        with self._lock:
            for report in self._held or ():
                report()
            self._held = None

    def step(self, text: str) -> None:
        """As ``Progress.step``."""
        self._report(lambda: self._progress.step(text))

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """As ``Progress.item``."""
        self._report(lambda: self._progress.item(name, how, size, seconds))

    def warn(self, text: str) -> None:
        """As ``Progress.warn``."""
        self._report(lambda: self._progress.warn(text))

    def output(self, text: str) -> None:
        """As ``Progress.output``."""
        self._report(lambda: self._progress.output(text))

    def _report(self, report: Callable[[], None]) -> None:
        with self._lock:
            if self._held is None:
                report()
            else:
                self._held.append(report)
