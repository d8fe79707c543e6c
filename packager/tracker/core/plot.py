"""The plot on the page of an issue: numbers that its source measured, never rows.

A finding may carry one plot (``Finding.plot``); the tracker keeps the last one of each issue.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, model_validator

from packager.tracker.core.moments import Moment
from packager.tracker.core.texts import Text

MAX_BINS = 100
MAX_POINTS = 500
MAX_LINES = 4
MAX_LEVELS = 4
MAX_ROWS = 50
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Count = Annotated[FiniteFloat, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BinsPlot(_Part):
    """Shares of rows in bins, live and of the reference: FeatureDrift, drift of outputs."""

    plot: Literal["bins"] = "bins"
    title: Text
    """``carat: shares of rows, last 2 h and training``."""
    bins: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_BINS)]
    """``0.2 to 0.5``, ``Ideal``, ``absent``; in the order to show."""
    reference: tuple[Share, ...]
    live: tuple[Share, ...]
    reference_name: Text = "training"
    live_name: Text = "live"

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not len(self.bins) == len(self.reference) == len(self.live):
            raise ValueError("expected as many shares as bins")
        return self


class SeriesPoint(_Part):
    """A value at a time; ``low`` to ``high`` is its interval, such as Wilson's of an accuracy."""

    at: Moment
    value: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None


class SeriesLine(_Part):
    """Values over time, in order of time."""

    name: Text
    points: Annotated[tuple[SeriesPoint, ...], Field(min_length=1, max_length=MAX_POINTS)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        times = [point.at for point in self.points]
        if times != sorted(times):
            raise ValueError("expected points in order of time")
        return self


class Level(_Part):
    """A value to compare with: ``baseline``, a threshold of an alert."""

    name: Text
    value: FiniteFloat
    limit: bool = False
    """Whether being beyond it is what the issue is about."""


class SeriesPlot(_Part):
    """Lines over time: the accuracy of a slice with its band and baseline, a burn rate."""

    plot: Literal["series"] = "series"
    title: Text
    unit: Text = ""
    lines: Annotated[tuple[SeriesLine, ...], Field(min_length=1, max_length=MAX_LINES)]
    levels: Annotated[tuple[Level, ...], Field(max_length=MAX_LEVELS)] = ()


class MeasuredRow(_Part):
    """A value with its interval, and what it is compared with."""

    name: Text
    """``color=E``."""
    value: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    reference: FiniteFloat | None = None
    """The value for comparison, such as that of the build."""
    bound: FiniteFloat | None = None
    """The worst value that is allowed."""
    subject: bool = False
    """Whether the issue is about this row."""

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("expected both ends of an interval, or none")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("expected an interval from low to high")
        return self


class IntervalsPlot(_Part):
    """Values with intervals on one scale: a metric by slice, group or output, a latency."""

    plot: Literal["intervals"] = "intervals"
    title: Text
    unit: Text = ""
    reference_name: Text = "when packaged"
    rows: Annotated[tuple[MeasuredRow, ...], Field(min_length=1, max_length=MAX_ROWS)]


class CountedRow(_Part):
    """A number of things."""

    name: Text
    count: Count
    subject: bool = False
    """Whether the issue is about this row."""


class CountsPlot(_Part):
    """Numbers of things by kind: suspicious rows by detector, refused labels by reason."""

    plot: Literal["counts"] = "counts"
    title: Text
    unit: Text = "rows"
    rows: Annotated[tuple[CountedRow, ...], Field(min_length=1, max_length=MAX_ROWS)]
    total: Annotated[Count, Field(gt=0)]
    """The total that each count is a part of; a thing can be of several kinds."""

    @model_validator(mode="after")
    def _check_total(self) -> Self:
        if any(row.count > self.total for row in self.rows):
            raise ValueError("expected no count above the total")
        return self


class LevelsPlot(_Part):
    """The level that was reached on a ladder, and the one that is required: a replay."""

    plot: Literal["levels"] = "levels"
    title: Text
    levels: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_ROWS)]
    """From the strongest to the weakest."""
    required: Annotated[int, Field(ge=0)]
    """Position in ``levels``."""
    reached: Annotated[int, Field(ge=0)] | None = None
    """None: not even the weakest."""

    @model_validator(mode="after")
    def _check_positions(self) -> Self:
        if max(self.required, self.reached or 0) >= len(self.levels):
            raise ValueError("expected positions of levels")
        return self


Plot = Annotated[
    BinsPlot | SeriesPlot | IntervalsPlot | CountsPlot | LevelsPlot, Field(discriminator="plot")
]
PLOT: TypeAdapter[Plot] = TypeAdapter(Plot)
