"""What a long job tells while it runs; the command line prints it, tests collect it."""

from __future__ import annotations

from typing import Literal, Protocol

LayerSource = Literal["fetched", "cached", "built", "sent"]


class Progress(Protocol):
    """Told of every step; never asked for anything."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """A layer or download is done: its bytes, and how it came to be there."""

    def warn(self, text: str) -> None:
        """Something the user should know, though the job goes on."""

    def output(self, text: str) -> None:
        """A line that the user's own code wrote."""


class Silent:
    """Says nothing."""

    def step(self, text: str) -> None:
        """Do nothing."""

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Do nothing."""

    def output(self, text: str) -> None:
        """Do nothing."""
