"""The record of a solution: its flow, and the packages that are its members."""

from __future__ import annotations

from typing import Literal

from packager.manifest.base import FrozenModel


class SolutionMember(FrozenModel):
    """A package that the flow calls."""

    name: str
    """By which the flow calls it."""
    package: str
    version: str
    root: str
    """The package root, equal to that of the package alone."""
    process: Literal["inline", "own"]
    """Where its model runs: in the flow's process, or in one of its own."""
    deadline: float | None = None
    """Seconds that one call may take; None: as long as the request."""
    on_error: Literal["fail", "null"] = "fail"
    truth: str | None = None
    """The column of the data with its right answer."""


class Solution(FrozenModel):
    """What the model of a package is, if it is a solution."""

    flow: str
    """``module:function``, called as ``run(rows, members)``."""
    members: tuple[SolutionMember, ...]
    """In the order of ``package.toml``."""
