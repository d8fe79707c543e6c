"""Values of panels as text, and their level by the panel's steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packager.deploy.grafana.chosen import named
from packager.deploy.grafana.panel import Panel, Query
from packager.deploy.grafana.units import PanelUnit
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer

LEVELS = {
    "text": "",
    "green": "good",
    "yellow": "look",
    "orange": "likely",
    "red": "wrong",
}
"""Colour of a step → its class on a page."""
SIGNS = {"likely": " \u25b2", "wrong": " \u25b2\u25b2"}
"""Signs of the levels, for those who see no colour."""


def unit_of(panel: Panel, query: Query) -> PanelUnit:
    """The unit of a query's values."""
    return query.unit or panel.unit


def level(value: float, steps: Mapping[float, str], base: str) -> str:
    """The class of a value; empty without steps."""
    if not steps:
        return ""
    passed = [bound for bound in steps if value >= bound]
    return LEVELS[steps[max(passed)] if passed else base]


def series_named(answer: PanelAnswer, *, versions: int) -> list[tuple[str, Query, AnsweredSeries]]:
    """Every series with its legend and query; with one version, legends don't name it."""
    series = []
    for query, several in zip(answer.panel.queries, answer.queries, strict=True):
        legend = query.legend
        if versions == 1 and legend.replace("{{version}}", "").strip():
            legend = legend.replace("{{version}}", "")
        series += [(" ".join(named(legend, one.labels).split(" ")).strip() or "all", query, one)
                  for one in several]  # fmt: skip
    return series


def label_names(several: Sequence[Sequence[AnsweredSeries]]) -> list[str]:
    """The labels of the rows of a table: those that any series has."""
    names = {name for series in several for one in series for name in one.labels}
    first = ("model", "version", "alertname", "severity", "slice", "feature")
    return sorted(names, key=lambda name: (first.index(name) if name in first else 9, name))
