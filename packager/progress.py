"""Progress reports of long jobs; the command line prints them, tests collect them."""

from __future__ import annotations

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
