"""A dashboard panel: its Prometheus queries, and how to display the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SELECTED = 'model="$model", version="$version"'
"""Label matchers for the dashboard's variables."""


@dataclass(frozen=True)
class Query:
    """One Prometheus query; ``legend`` names its series with ``{{label}}``."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel; ``width`` in 24ths of the dashboard, ``height`` in rows of 30 pixels."""

    title: str
    kind: str
    """``timeseries``, ``stat``, ``table``, ``barchart`` or ``status-history``."""
    queries: Sequence[Query]
    text: str
    """A description of what it shows and how to read it."""
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: Mapping[float, str] = field(default_factory=dict)
    """Lower bound → colour; ``base`` applies below all bounds."""
    base: str = "green"

    @property
    def instant(self) -> bool:
        """Whether it shows only the latest values."""
        return self.kind in ("stat", "table", "barchart")
