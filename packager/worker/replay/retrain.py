"""Train a second time in a new process, and check the repeatability of the recipe."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from modelhost.state import TIMES
from packager.errors import PackageError
from packager.manifest.base import EquivalenceLevel
from packager.manifest.evaluation import RepeatabilityResult
from packager.manifest.manifest import Recipe
from packager.model.host_process import ForkServer
from packager.model.hosted import ModelHost
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.processes.host_command import model_host
from packager.worker.replay.differences import accepted, metric_checks
from packager.worker.replay.equivalence import FittedModel, compare_models, equivalence_level
from packager.worker.replay.nondeterminism import find_nondeterminism
from packager.worker.replay.report import ModelComparison, reaches
from packager.worker.replay.seed_variance import within_seed_variance
from packager.worker.replay.volatile_state import VOLATILE_KINDS
from packager.worker.train.training import (
    MeasuredModel,
    TrainingData,
    model_files,
    train_in_process,
)


def check_repeatability(
    job: Job,
    root: Root,
    out: Path,
    first: MeasuredModel,
    data: TrainingData,
    forks: ForkServer | None = None,
) -> RepeatabilityResult:
    """Repeat the training of ``job`` on ``data`` and compare the second model with ``first``.

    Raises ``PackageError`` if the level that the recipe claims isn't reached, by a failure too.
    """
    recipe = job.recipe
    assert isinstance(recipe, Recipe)
    with tempfile.TemporaryDirectory(prefix="again-", dir=out) as name:
        models = Path(name).resolve() / "model"
        try:
            again = train_in_process(job, root, data, models)
        except PackageError as error:
            if recipe.level is not None:
                raise
            return _failed(error)
        one = first.trained
        with ModelHost(model_host(root, one.models, models, forks=forks)) as host:
            comparison = compare_models(
                FittedModel(one.files(), one.stored(job).load(host), one.window),
                FittedModel(model_files(models), again.stored.load(host), again.window),
                data.dataset.test[list(first.features)],
            )
    checks = metric_checks(first.evaluation, again.evaluation, recipe.accept, every=False)
    level = equivalence_level(
        comparison,
        metrics=accepted(checks),
        statistical=within_seed_variance(job.seed_variance, again.evaluation, recipe.accept),
    )
    nondeterminism = () if level == "artifact" else find_nondeterminism(root.code)
    if recipe.level is not None and not reaches(level, recipe.level):
        raise _refusal(level, recipe, comparison, nondeterminism)
    if recipe.level is None and level != "artifact":
        _report_level(level, comparison, nondeterminism)
    return RepeatabilityResult(
        level=level,
        state=comparison.digests[0],
        differing=comparison.differing,
        rows=comparison.rows,
        bit_equal=comparison.bit_equal,
        label_flips=comparison.label_flips,
        largest_difference=comparison.largest_difference,
        nondeterminism=nondeterminism,
    )


def _failed(error: PackageError) -> RepeatabilityResult:
    """The result for a recipe whose second training failed."""
    sys.stderr.write(
        f"{error.message}: the repeatability is unknown; a replay passes at any level; "
        f"{error.hint}\n"
    )
    return RepeatabilityResult(
        level="none", state=None, differing=(error.message,), bit_equal=False
    )


def _refusal(
    level: str, recipe: Recipe, comparison: ModelComparison, nondeterminism: tuple[str, ...]
) -> PackageError:
    reached = "no equivalence level" if level == "none" else f"the equivalence level {level!r}"
    parts = "; ".join((comparison.differing or comparison.ignored)[:3]) or "the files of the model"
    message = (
        f"the recipe ran twice and the second model reached {reached}, expected "
        f"{recipe.level!r} as [recipe] level claims; what differs: {parts}"
    )
    if comparison.label_flips:
        message += (
            f"; {comparison.label_flips} of {comparison.rows} held-out rows get another label"
        )
    fix = f"; or claim level = {level!r}".replace("'", '"') if level != "none" else ""
    return PackageError(message, _why(comparison, nondeterminism) + fix)


def _report_level(
    level: EquivalenceLevel, comparison: ModelComparison, nondeterminism: tuple[str, ...]
) -> None:
    """Report the level of a repeat on stderr, for a recipe that claims none."""
    if level == "none":
        reached = (
            "no equivalence level: its metrics differ. A replay that reaches none does not pass"
        )
    else:
        reached = f"the equivalence level {level!r}. A replay must reach it too"
    parts = "; ".join((comparison.differing or comparison.ignored)[:3]) or "the files of the model"
    sys.stderr.write(
        f"the recipe ran twice and the second model reached {reached}. What differs: {parts}."
        f" To fix it: {_why(comparison, nondeterminism)}\n"
    )


def _why(comparison: ModelComparison, nondeterminism: tuple[str, ...]) -> str:
    """The likely reason, and how to fix it."""
    if any(time in part.partition(":")[0] for part in comparison.ignored for time in TIMES.split()):
        return "a search remembers how long each fit took: return its best_estimator_"
    if comparison.differing and nondeterminism:
        return "; ".join(nondeterminism[:3])
    if comparison.differing:
        return "pass seed on to everything that draws random numbers"
    moments = [kind for kind in VOLATILE_KINDS if any(kind in part for part in comparison.ignored)]
    if moments:
        return (
            f"the model holds {' and '.join(moments)}, which differs in every fit and affects"
            " no prediction: set it to None before train returns the model, if its library allows"
        )
    if nondeterminism:
        return "; ".join(nondeterminism[:3])
    return "both models compute the same, but are serialized differently"
