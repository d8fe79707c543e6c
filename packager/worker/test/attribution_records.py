"""The members' shares in the error of a solution (``attribution.json``).

Shapley values over the members whose right answers are known; see ``docs/solutions-testing.md``.
The file in a package holds no row of the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from packager.manifest.base import FrozenModel

FILE = "attribution.json"
EVERY = "__all__"
"""The slice of all rows."""
MAX_EXAMPLES = 3
"""Rows that a member spoilt, and as many that it repaired."""
Loss = Literal["share of wrong labels", "mean absolute error", "mean loss"]


class PlayerShare(FrozenModel):
    """The part of an error, or of a change, that one player makes."""

    name: str
    """A member; empty for the rest: the flow and the data."""
    value: float
    """In the unit of the error; negative if it makes the whole better."""
    interval: tuple[float, float] | None
    """95 %; None for fewer than two independent rows."""


class SliceAttribution(FrozenModel):
    """The shares of the rows of one slice; they add up to the error."""

    slice: str
    """``__all__`` for all rows."""
    rows: int
    error: float
    """The mean loss of the solution."""
    shares: tuple[PlayerShare, ...]
    """Of the members with a right answer, in the order of ``package.toml``."""
    rest: PlayerShare
    """The error that is left if all of them answer right."""


class MetricFigure(FrozenModel):
    """A metric of a member."""

    value: float
    interval: tuple[float, float] | None
    """95 %."""


class MemberFigures(FrozenModel):
    """A member on the rows that it received from the flow."""

    name: str
    rows: int
    """Rows that it received; one that it received twice counts twice."""
    judged: int = 0
    """The number of rows with a right answer."""
    truth: str | None = None
    metrics: Mapping[str, MetricFigure] = {}
    why: str = ""
    """Why it has no metrics."""


class RowEffect(FrozenModel):
    """A row whose loss a member made."""

    member: str
    effect: Literal["spoilt", "repaired"]
    """``spoilt``: the loss would be less with its right answer; ``repaired``: more."""
    row: int
    """Position in the data."""
    share: float
    """Of the row's loss."""
    shown: Mapping[str, Any] = {}
    """Answers and right answers of the solution and of the member."""
    cells: Mapping[str, Any] = {}


class Attribution(FrozenModel):
    """The error of a solution and the shares of its members."""

    schema_version: Literal["attribution/1"] = "attribution/1"
    loss: Loss = "mean loss"
    rows: int
    """Rows that were studied."""
    slices: tuple[SliceAttribution, ...] = ()
    """All rows first; empty if nothing could be attributed."""
    members: tuple[MemberFigures, ...] = ()
    examples: tuple[RowEffect, ...] = ()
    not_attributed: str = ""
    """Why there are no shares."""
    notes: tuple[str, ...] = ()

    def without_rows(self) -> Attribution:
        """The same without any row, for a package."""
        return self.model_copy(update={"examples": ()})
