"""What a replay found: checks, the rung reached, and how far off the rest is."""

from __future__ import annotations

from typing import Literal, get_args

from packager.manifest import Level, Noun, NumericalEnvironment

Rung = Literal["artifact", "predictions", "metrics", "none"]
LADDER: tuple[str, ...] = (*get_args(Level), "none")
"""From the strongest rung to the weakest."""


class Check(Noun):
    """One thing that was compared."""

    name: str
    expected: str
    actual: str
    ok: bool


class MetricCheck(Noun):
    """A metric as recorded and as measured again; None where one side lacks it."""

    recorded: float | None
    now: float | None
    accepted: float | None
    """Largest absolute difference that is accepted; None where the metric is not judged."""
    ok: bool


class ReplayReport(Noun):
    """How equal a second training was to the recorded one."""

    rung: Rung
    """The strongest rung reached; ``none`` too where a file isn't what the manifest names."""
    level: Level
    """The rung the recipe claims."""
    passed: bool
    """Whether every check is ok and the rung is at least the level."""
    checks: tuple[Check, ...]
    metrics: dict[str, MetricCheck] = {}
    rows: int = 0
    """Held-out rows that both models predicted."""
    label_flips: int | None = None
    """Rows with another label; None for regression, or where nothing was trained."""
    largest_difference: float | None = None
    """Between two probabilities (or two numbers); None where there are none."""
    environment_recorded: NumericalEnvironment
    environment_now: NumericalEnvironment | None = None
    environment_differences: tuple[str, ...] = ()
    """Fields of the environment that differ."""


def reaches(rung: str, level: str) -> bool:
    """Whether ``rung`` is as strong as ``level`` or stronger."""
    return rung != "none" and LADDER.index(rung) <= LADDER.index(level)
