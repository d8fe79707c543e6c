"""Replay report: checks, the equivalence level reached, and the remaining differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from packager.manifest.base import EquivalenceLevel, FrozenModel
from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Manifest, Recipe
from packager.model.integrity import IntegrityCheck

LEVELS: tuple[EquivalenceLevel, ...] = get_args(EquivalenceLevel)
"""From the strongest level to the weakest."""


class MetricCheck(FrozenModel):
    """A metric as recorded and as computed again; None if one side lacks it."""

    recorded: float | None
    now: float | None
    accepted: float | None
    """Largest accepted absolute difference; None if the metric is not judged."""
    ok: bool


class ModelComparison(FrozenModel):
    """Comparison of two trained models."""

    artifact: bool
    """Whether their files are equal byte for byte."""
    state: bool | None
    """Whether they hold the same values; None if the state is opaque."""
    digests: tuple[str | None, str | None] = (None, None)
    """Digests of the recorded state and of the new state."""
    differing: tuple[str, ...] = ()
    """Parts that differ, and how; for an opaque state, the reason."""
    ignored: tuple[str, ...] = ()
    """Differences outside the state, if the states are equal but the files differ."""
    rows: int = 0
    """Number of held-out rows that both predicted."""
    bit_equal: bool = False
    """Whether all predictions are equal bit for bit."""
    close: bool = False
    """Whether labels are equal, and numbers within the tolerances of ``replay/equivalence.py``."""
    label_flips: int | None = None
    """Number of rows with a different label; None for regression."""
    largest_difference: float | None = None
    """Largest absolute difference of probabilities or predicted numbers; None without any."""
    differing_rows: tuple[int, ...] = ()
    """Positions of at most 10 held-out rows, in descending order of difference."""


class ReplayReport(FrozenModel):
    """Result of a replay."""

    root: str = ""
    """Root of the package, set by the installation that verified it; empty from its own code."""
    level: EquivalenceLevel
    """The strongest level reached; ``none`` also if a file differs from the manifest."""
    required_level: EquivalenceLevel
    """The level a replay must reach; ``none`` if the recipe claims none and the repeat at build
    reached none."""
    claimed: bool = True
    """Whether the recipe claims the required level; if not, it comes from the repeat at build."""
    level_at_build: EquivalenceLevel | None = None
    """The level that the repeat reached when the package was built."""
    passed: bool
    """Whether every check is ok and the required level is reached; with ``perturbed``, whether
    the change was detected."""
    perturbed: str | None = None
    """The deliberate change of a negative control; None without one."""
    checks: tuple[IntegrityCheck, ...]
    metrics: dict[str, MetricCheck] = {}
    intervals: dict[str, tuple[float, float]] = {}
    """Metric → prediction interval for another seed, from the seeds recorded at build."""
    comparison: ModelComparison | None = None
    """Comparison of the two models; None if nothing was trained."""
    nondeterminism: tuple[str, ...] = ()
    """Sources of nondeterminism in the project's code: ``train.py:3: …``."""
    checked_by: Literal["this installation", "the package itself"] = "the package itself"
    """The code that compared; a package's own code is not trustworthy about the package."""
    verified_by: dict[str, str] = {}
    """Part of the package → what verifies it."""
    isolation: dict[str, str] = {}
    """The place of the replay and its isolation: files, network, processes."""
    environment_recorded: NumericalEnvironment
    environment_now: NumericalEnvironment | None = None
    environment_differences: tuple[str, ...] = ()
    """``field: recorded, now other``."""


def reaches(level: str, required: str) -> bool:
    """Whether ``level`` is as strong as ``required`` or stronger; every level reaches ``none``."""
    return required == "none" or (level != "none" and LEVELS.index(level) <= LEVELS.index(required))


def claimed(manifest: Manifest) -> bool:
    """Whether the recipe claims a level."""
    return isinstance(manifest.recipe, Recipe) and manifest.recipe.level is not None


def damaged(manifest: Manifest, checks: Sequence[IntegrityCheck]) -> ReplayReport:
    """The failed report of a package whose files differ from its manifest."""
    return ReplayReport(
        level="none",
        required_level=manifest.level,
        claimed=claimed(manifest),
        passed=False,
        checks=tuple(checks),
        environment_recorded=manifest.environment,
    )
