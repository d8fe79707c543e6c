"""What the page of an issue draws: numbers that its source measured, never rows.

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
MAX_MARKS = 20
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
        times = [one.at for one in self.points]
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


class Mark(_Part):
    """A value within a histogram: that of the row which the issue is about."""

    name: Text
    value: FiniteFloat


class HistogramPlot(_Part):
    """The distribution of a column, with the values of suspicious rows marked."""

    plot: Literal["histogram"] = "histogram"
    title: Text
    unit: Text = ""
    edges: Annotated[tuple[FiniteFloat, ...], Field(min_length=2, max_length=MAX_BINS + 1)]
    """Ascending; bin i is from ``edges[i]`` to ``edges[i + 1]``."""
    counts: tuple[Count, ...]
    marks: Annotated[tuple[Mark, ...], Field(max_length=MAX_MARKS)] = ()

    @model_validator(mode="after")
    def _check_edges(self) -> Self:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError("expected one edge more than counts")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError("expected ascending edges")
        return self


Plot = Annotated[BinsPlot | SeriesPlot | HistogramPlot, Field(discriminator="plot")]
PLOT: TypeAdapter[Plot] = TypeAdapter(Plot)
