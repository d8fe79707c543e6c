"""A panel of a dashboard, for Grafana and for the pages of ``package dashboard``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from packager.deploy.grafana.units import COUNT, PanelUnit

SELECTED = 'model="$model", version=~"$version"'
"""Label matchers for the variables of the views of one model; several versions may be selected."""
IN_SLICE = f'{SELECTED}, slice="$slice"'
OF_FLEET = 'model=~"$model", version=~"$version"'
"""Selector of the series of all models together."""

Form = Literal["timeseries", "stat", "table", "barchart", "status-history"]


@dataclass(frozen=True)
class Query:
    """One Prometheus query; ``legend`` names its series with ``{{label}}``."""

    expression: str
    legend: str = ""
    """In a table the head of its column; without one the table shows the labels only."""
    unit: PanelUnit | None = None
    """Of this column of a table, instead of the panel's."""
    steps: Mapping[float, str] = field(default_factory=dict)
    """Of this column, as ``Panel.steps``."""
    base: str = "text"


@dataclass(frozen=True)
class Panel:
    """One panel; ``width`` in 24ths of the dashboard, ``height`` in rows of 30 pixels."""

    title: str
    kind: Form
    queries: Sequence[Query]
    text: str
    """A description of what it shows and how to read it."""
    unit: PanelUnit = COUNT
    width: int = 12
    height: int = 8
    steps: Mapping[float, str] = field(default_factory=dict)
    """Lower bound → colour; ``base`` applies below all bounds."""
    base: str = "green"
    alerts: tuple[str, ...] = ()
    """Kinds of alerts, and so of issues, that are about what it shows."""
    repeat: str = ""
    """The variable for each of whose values Grafana draws it once."""

    @property
    def instant(self) -> bool:
        """Whether it shows only the latest values."""
        return self.kind in ("stat", "table", "barchart")


@dataclass(frozen=True)
class Mark:
    """Moments that are drawn in every panel over time."""

    name: str
    expression: str
    """It has a series while, or shortly after, something happened."""
    title: str
    """With ``{{label}}``."""
    text: str
    colour: str


@dataclass(frozen=True)
class Variable:
    """A variable of a dashboard: one value of a label is chosen."""

    name: str
    series: str
    """Its values are those of the label ``name`` in these series."""
    current: str = ""
    """Chosen at first; empty: all values, for a variable with ``every``."""
    several: bool = False
    every: bool = False
    """Whether all values may be chosen at once."""


@dataclass(frozen=True)
class View:
    """A dashboard: what is chosen, and headings with their panels."""

    name: Literal["fleet", "model", "slice"]
    title: str
    variables: Sequence[Variable]
    rows: Sequence[tuple[str, Sequence[Panel]]]
    marks: Sequence[Mark]

    @property
    def panels(self) -> list[Panel]:
        """All panels from top to bottom."""
        return [panel for _, panels in self.rows for panel in panels]
