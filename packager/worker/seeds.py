"""Train a recipe with several seeds, each in a new process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.evaluation import Evaluation, SeedVariance
from packager.manifest.manifest import Recipe
from packager.model.paths import Root
from packager.worker.job import FitResult, Job, SeedSweepJob
from packager.worker.replay.retrain import retrain
from packager.worker.replay.seed_variance import seed_variance


def train_seeds(asked: SeedSweepJob, root: Root, out: Path) -> SeedVariance:
    """Train ``asked.count`` times, from the recipe's own seed upwards.

    Writes ``out``/seed_variance.json. Raises ``PackageError`` if a training fails, ``UsageError``
    without a recipe.
    """
    recipe = asked.job.recipe
    if not isinstance(recipe, Recipe):
        raise UsageError(
            "expected a [recipe] to train with other seeds, got a model trained elsewhere",
            "only a recipe can be repeated",
        )
    out.mkdir(parents=True, exist_ok=True)
    seeds = [(recipe.seed + place) % 2**32 for place in range(asked.count)]
    found = []
    for place, seed in enumerate(seeds, 1):
        found.append(_evaluation(asked.job, recipe, seed, root, out))
        shown = "  ".join(f"{n} {v:.4f}" for n, v in sorted(found[-1].overall.values.items()))
        sys.stderr.write(f"seed {seed} ({place} of {len(seeds)}): {shown}\n")
    spread = seed_variance(seeds, found)
    (out / "seed_variance.json").write_bytes(spread.dump())
    return spread


def _evaluation(job: Job, recipe: Recipe, seed: int, root: Root, out: Path) -> Evaluation:
    changed = job.model_copy(update={"recipe": recipe.model_copy(update={"seed": seed})})
    with tempfile.TemporaryDirectory(prefix="seed-", dir=out) as name:
        folder = retrain("fit", changed, root, Path(name))
        return FitResult.load(folder / "fit.json").evaluation
