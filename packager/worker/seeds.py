"""Train a recipe with several seeds, each in a new process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.evaluation import Evaluation, SeedVariance
from packager.manifest.manifest import Recipe
from packager.model.paths import Root
from packager.worker.job import Job, SeedSweepJob
from packager.worker.replay.seed_variance import seed_variance
from packager.worker.train.dataset import declare_slices, prepare, slice_masks
from packager.worker.train.source_data import read_source
from packager.worker.train.training import TrainingData, train_in_process


def train_seeds(request: SeedSweepJob, root: Root, out: Path) -> SeedVariance:
    """Train ``asked.count`` times, from the recipe's own seed upwards.

    Writes ``out``/seed_variance.json. Raises ``PackageError`` if a training fails, ``UsageError``
    without a recipe.
    """
    recipe = request.job.recipe
    if not isinstance(recipe, Recipe):
        raise UsageError(
            "expected a [recipe] to train with other seeds, got a model trained elsewhere",
            "only a recipe can be repeated",
        )
    out.mkdir(parents=True, exist_ok=True)
    data = _read(request.job, root)
    seeds = [(recipe.seed + index) % 2**32 for index in range(request.count)]
    evaluations = []
    for index, seed in enumerate(seeds, 1):
        changed = recipe.model_copy(update={"seed": seed})
        job = request.job.model_copy(update={"recipe": changed})
        evaluations.append(_evaluation(job, root, data, out))
        shown = "  ".join(f"{n} {v:.4f}" for n, v in sorted(evaluations[-1].overall.values.items()))
        sys.stderr.write(f"seed {seed} ({index} of {len(seeds)}): {shown}\n")
    spread = seed_variance(seeds, evaluations)
    (out / "seed_variance.json").write_bytes(spread.dump())
    return spread


def _read(job: Job, root: Root) -> TrainingData:
    dataset = prepare(read_source(root, job.reader), job, root)
    return TrainingData(dataset, slice_masks(dataset.test, declare_slices(dataset, job)))


def _evaluation(job: Job, root: Root, data: TrainingData, out: Path) -> Evaluation:
    with tempfile.TemporaryDirectory(prefix="seed-", dir=out) as name:
        return train_in_process(job, root, data, Path(name).resolve() / "model").evaluation
