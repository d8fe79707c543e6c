"""The content of a panel: the series of each of its queries, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packager.deploy.grafana.panel import Panel


@dataclass(frozen=True)
class AnsweredSeries:
    """One series: of an instant query with one point."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]
    """Time in seconds and finite value, by time."""

    @property
    def last(self) -> float:
        """The latest value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class PanelAnswer:
    """A panel with its data."""

    panel: Panel
    title: str
    queries: Sequence[Sequence[AnsweredSeries]] = ()
    """For each of the panel's queries, in their order; only series with points."""
    step: float = 0.0
    """Seconds between two points of a query over time."""
    problem: str = ""
    """Why a query has no answer at all."""

    @property
    def empty(self) -> bool:
        """Whether no query has a series."""
        return not any(self.queries)


@dataclass(frozen=True)
class MarkedTime:
    """Something that happened, which plots mark."""

    at: float
    title: str
    colour: str


@dataclass(frozen=True)
class ViewAnswer:
    """All panels of a view."""

    rows: Sequence[tuple[str, Sequence[PanelAnswer]]]
    start: float
    end: float
    moments: Sequence[MarkedTime] = ()
    left_out: Sequence[str] = field(default=())
    """Titles of panels that this source can't answer."""
