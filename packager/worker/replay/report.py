"""What a replay found: checks, the equivalence level reached, and the remaining differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from packager.manifest.base import EquivalenceLevel, FrozenModel
from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Manifest, Recipe
from packager.model.integrity import Check

LEVELS: tuple[EquivalenceLevel, ...] = get_args(EquivalenceLevel)
"""From the strongest level to the weakest."""


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
    """Whether labels are equal, and numbers within ``CLOSE`` of worker/replay/equivalence.py."""
    label_flips: int | None = None
    """Rows with another label; None for regression."""
    largest_difference: float | None = None
    """Between two probabilities (or two numbers); None where there are none."""
    differing_rows: tuple[int, ...] = ()
    """Positions among the held-out rows, at most 10, those that differ most first."""


class ReplayReport(FrozenModel):
    """How equal a second training was to the recorded one."""

    level: EquivalenceLevel
    """The strongest level reached; ``none`` also if a file differs from the manifest."""
    required_level: EquivalenceLevel
    """The level a replay must reach; ``none`` if the recipe claims none and the repeat at build
    reached none."""
    claimed: bool = True
    """Whether the recipe claims the required level; otherwise it is that of the repeat at build."""
    level_at_build: EquivalenceLevel | None = None
    """The level that the repeat reached when the package was built."""
    passed: bool
    """Whether every check is ok and the required level is reached; with ``perturbed``, whether
    the change was noticed."""
    perturbed: str | None = None
    """What was changed on purpose."""
    checks: tuple[Check, ...]
    metrics: dict[str, MetricCheck] = {}
    intervals: dict[str, tuple[float, float]] = {}
    """Metric to where a training with another seed lies, by the seeds recorded at build."""
    comparison: ModelComparison | None = None
    """Of the two models; None if nothing was trained."""
    nondeterminism: tuple[str, ...] = ()
    """Sources of nondeterminism in the project's code: ``train.py:3: …``."""
    checked_by: Literal["this installation", "the package itself"] = "the package itself"
    """Whose program compared; a package's own program cannot be trusted about the package."""
    verified_by: dict[str, str] = {}
    """Part of the package → what verifies it."""
    isolation: dict[str, str] = {}
    """Where it ran, and how it was isolated: files, network, processes."""
    environment_recorded: NumericalEnvironment
    environment_now: NumericalEnvironment | None = None
    environment_differences: tuple[str, ...] = ()
    """``field: recorded, now other``."""


def reaches(level: str, required: str) -> bool:
    """Whether ``level`` is as strong as ``required`` or stronger; every level reaches none."""
    return required == "none" or (level != "none" and LEVELS.index(level) <= LEVELS.index(required))


def claimed(manifest: Manifest) -> bool:
    """Whether the recipe claims a level."""
    return isinstance(manifest.recipe, Recipe) and manifest.recipe.level is not None


def damaged(manifest: Manifest, checks: Sequence[Check]) -> ReplayReport:
    """The report of a package of which something is not what its manifest names."""
    return ReplayReport(
        level="none",
        required_level=manifest.level,
        claimed=claimed(manifest),
        passed=False,
        checks=tuple(checks),
        environment_recorded=manifest.environment,
    )
