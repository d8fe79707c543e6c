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
    """The process of its model: the flow's, or one of its own."""
    deadline: float | None = None
    """Seconds that one call may take; None: as long as the request."""
    on_error: Literal["fail", "null"] = "fail"
    truth: str | None = None
    """The column of the data with its right answer."""


class Solution(FrozenModel):
    """The solution that is the model of a package."""

    flow: str
    """``module:function``, called as ``run(rows, members)``."""
    members: tuple[SolutionMember, ...]
    """In the order of ``package.toml``."""
