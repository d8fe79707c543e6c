"""What a replay found: checks, the rung reached, and how far off the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from packager.manifest.base import EquivalenceLevel, FrozenModel
from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Manifest, Recipe
from packager.model.integrity import Check

LADDER: tuple[EquivalenceLevel, ...] = get_args(EquivalenceLevel)
"""From the strongest rung to the weakest."""


class MetricCheck(FrozenModel):
    """A metric as recorded and as measured again; None where one side lacks it."""

    recorded: float | None
    now: float | None
    accepted: float | None
    """Largest absolute difference that is accepted; None where the metric is not judged."""
    ok: bool


class ModelComparison(FrozenModel):
    """How like each other two trained models are."""

    artifact: bool
    """Whether their files are equal, byte for byte."""
    state: bool | None
    """Whether they hold the same values; None where that can't be seen."""
    digests: tuple[str | None, str | None] = (None, None)
    """Of the recorded state, and of the new one."""
    differing: tuple[str, ...] = ()
    """Parts that differ, and how; where the state can't be seen, why not."""
    ignored: tuple[str, ...] = ()
    """Where the states are equal and the files are not: what no state holds, and differs."""
    rows: int = 0
    """Held-out rows that both predicted."""
    bit_equal: bool = False
    """Whether every answer is equal to its last bit."""
    close: bool = False
    """Whether labels are equal, and numbers within ``CLOSE`` of worker/likeness.py."""
    label_flips: int | None = None
    """Rows with another label; None for regression."""
    largest_difference: float | None = None
    """Between two probabilities (or two numbers); None where there are none."""
    differing_rows: tuple[int, ...] = ()
    """Positions among the held-out rows, at most 10, those that differ most first."""


class ReplayReport(FrozenModel):
    """How equal a second training was to the recorded one."""

    rung: EquivalenceLevel
    """The strongest rung reached; ``none`` too where a file isn't what the manifest names."""
    level: EquivalenceLevel
    """The rung to reach; ``none`` where nobody claims one and a repeat reached none when built."""
    claimed: bool = True
    """Whether the recipe claims it; else it is what a repeat reached when the package was built."""
    observed: EquivalenceLevel | None = None
    """The rung a repeat reached when the package was built."""
    passed: bool
    """Whether every check is ok and a rung is reached, at least the level; with ``perturbed``,
    whether the change was noticed."""
    perturbed: str | None = None
    """What was changed on purpose."""
    checks: tuple[Check, ...]
    metrics: dict[str, MetricCheck] = {}
    intervals: dict[str, tuple[float, float]] = {}
    """Metric to where a training with another seed lies, by the seeds recorded at build."""
    likeness: ModelComparison | None = None
    """None where nothing was trained."""
    slips: tuple[str, ...] = ()
    """What in the project's code may be the reason for a difference."""
    checked_by: Literal["this installation", "the package itself"] = "the package itself"
    """Whose program compared. A package's own says of itself what its maker had it say."""
    vouched: dict[str, str] = {}
    """Part of the package → who vouches for it, and by what."""
    isolation: dict[str, str] = {}
    """Where it ran, and what stood between it and the machine: files, network, processes."""
    environment_recorded: NumericalEnvironment
    environment_now: NumericalEnvironment | None = None
    environment_differences: tuple[str, ...] = ()
    """``field: recorded, now other``."""


def reaches(rung: str, level: str) -> bool:
    """Whether ``rung`` is as strong as ``level`` or stronger; none is reached by every rung."""
    return level == "none" or (rung != "none" and LADDER.index(rung) <= LADDER.index(level))


def claimed(manifest: Manifest) -> bool:
    """Whether the recipe claims a rung."""
    return isinstance(manifest.recipe, Recipe) and manifest.recipe.level is not None


def damaged(manifest: Manifest, checks: Sequence[Check]) -> ReplayReport:
    """The report of a package of which something is not what its manifest names."""
    return ReplayReport(
        rung="none",
        level=manifest.level,
        claimed=claimed(manifest),
        passed=False,
        checks=tuple(checks),
        environment_recorded=manifest.environment,
    )
