"""Retrain in a new process, and check the repeatability of the recipe."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from packager.errors import PackageError
from packager.manifest.base import EquivalenceLevel
from packager.manifest.evaluation import Evaluation, RepeatabilityResult
from packager.manifest.manifest import Recipe
from packager.model.model import load_model_from
from packager.model.paths import Root
from packager.worker.job import FitResult, Job
from packager.worker.processes.child_process import run_child
from packager.worker.replay.differences import accepted, metric_checks
from packager.worker.replay.equivalence import FittedModel, compare_models, equivalence_level
from packager.worker.replay.nondeterminism import find_nondeterminism
from packager.worker.replay.report import ModelComparison, reaches
from packager.worker.replay.seed_variance import within_seed_variance
from packager.worker.replay.state import TIMES
from packager.worker.replay.volatile_state import VOLATILE_KINDS
from packager.worker.train.dataset import Dataset


def retrain(verb: str, job: Job, root: Root, folder: Path) -> Path:
    """Run ``job`` with the worker's ``verb`` in a new process; return the folder of its results.

    Its output goes to stderr. Raises ``PackageError`` if it fails.
    """
    return run_child(verb, job.dump(), root, folder).or_raise("training again")


def check_repeatability(
    job: Job,
    root: Root,
    out: Path,
    first: FittedModel,
    dataset: Dataset,
    evaluation: Evaluation,
) -> RepeatabilityResult:
    """Repeat the training of ``job`` and compare the second model with ``first``.

    Raises ``PackageError`` if the level reached is weaker than the one that the recipe claims. A
    second training that fails reaches no level; this is an error only if the recipe claims one.
    """
    recipe = job.recipe
    assert isinstance(recipe, Recipe)
    with tempfile.TemporaryDirectory(prefix="again-", dir=out) as name:
        began = time.time()
        try:
            folder = retrain("fit", job.model_copy(update={"repeat": False}), root, Path(name))
        except PackageError as error:
            if recipe.level is not None:
                raise
            return _failed(error)
        window = (began, time.time())
        fit = FitResult.load(folder / "fit.json")
        serve = job.serve.model_copy(update={"loader": fit.loader})
        model = load_model_from(folder / "model" / "model", serve, job.task)
        second = FittedModel(fit.model, model, window)
        found = compare_models(first, second, dataset.test[list(dataset.features)])
    checks = metric_checks(evaluation, fit.evaluation, recipe.accept, every=False)
    level = equivalence_level(
        found,
        metrics=accepted(checks),
        statistical=within_seed_variance(job.seed_variance, fit.evaluation, recipe.accept),
    )
    nondeterminism = () if level == "artifact" else find_nondeterminism(root.code)
    if recipe.level is not None and not reaches(level, recipe.level):
        raise _refusal(level, recipe, found, nondeterminism)
    if recipe.level is None and level != "artifact":
        _tell(level, found, nondeterminism)
    return RepeatabilityResult(
        level=level,
        state=found.digests[0],
        differing=found.differing,
        rows=found.rows,
        bit_equal=found.bit_equal,
        label_flips=found.label_flips,
        largest_difference=found.largest_difference,
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
    level: str, recipe: Recipe, found: ModelComparison, nondeterminism: tuple[str, ...]
) -> PackageError:
    reached = "no equivalence level" if level == "none" else f"the equivalence level {level!r}"
    parts = "; ".join((found.differing or found.ignored)[:3]) or "the files of the model"
    message = (
        f"the recipe ran twice and the second model reached {reached}, expected "
        f"{recipe.level!r} as [recipe] level claims; what differs: {parts}"
    )
    if found.label_flips:
        message += f"; {found.label_flips} of {found.rows} held-out rows get another label"
    fix = f"; or claim level = {level!r}".replace("'", '"') if level != "none" else ""
    return PackageError(message, _why(found, nondeterminism) + fix)


def _tell(level: EquivalenceLevel, found: ModelComparison, nondeterminism: tuple[str, ...]) -> None:
    """Report the level of a repeat on stderr, for a recipe that claims none."""
    if level == "none":
        reached = (
            "no equivalence level: its metrics differ. A replay that reaches none does not pass"
        )
    else:
        reached = f"the equivalence level {level!r}. A replay must reach it too"
    parts = "; ".join((found.differing or found.ignored)[:3]) or "the files of the model"
    sys.stderr.write(
        f"the recipe ran twice and the second model reached {reached}. What differs: {parts}."
        f" To fix it: {_why(found, nondeterminism)}\n"
    )


def _why(found: ModelComparison, nondeterminism: tuple[str, ...]) -> str:
    """The likely reason, and how to fix it."""
    if any(time in part.partition(":")[0] for part in found.ignored for time in TIMES.split()):
        return "a search remembers how long each fit took: return its best_estimator_"
    if found.differing and nondeterminism:
        return "; ".join(nondeterminism[:3])
    if found.differing:
        return "pass seed on to everything that draws random numbers"
    moments = [kind for kind in VOLATILE_KINDS if any(kind in part for part in found.ignored)]
    if moments:
        return (
            f"the model holds {' and '.join(moments)}, which differs in every fit and affects"
            " no prediction: set it to None before train returns the model, if its library allows"
        )
    if nondeterminism:
        return "; ".join(nondeterminism[:3])
    return "both models compute the same, but are serialized differently"
