"""What a panel of a dashboard is: questions to Prometheus, and how the answers are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SELECTED = 'model="$model", version="$version"'
"""Matchers of what the dashboard's variables choose."""


@dataclass(frozen=True)
class Query:
    """One question to Prometheus; ``legend`` names its series with ``{{label}}``."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel; ``width`` is of 24 columns, ``height`` in rows of 30 pixels."""

    title: str
    kind: str
    """``timeseries``, ``stat``, ``table``, ``barchart`` or ``status-history``."""
    queries: Sequence[Query]
    text: str
    """What it shows, and how to read it."""
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: Mapping[float, str] = field(default_factory=dict)
    """Lower bound → colour, beside ``base`` below all of them."""
    base: str = "green"

    @property
    def instant(self) -> bool:
        """Whether only the newest values are asked for."""
        return self.kind in ("stat", "table", "barchart")
