"""Train the model of a build in a worker."""

from __future__ import annotations

import shutil

from packager.build.context import BuildContext
from packager.manifest.evaluation import SeedVariance
from packager.progress import Progress
from packager.project.config import Project
from packager.runners.job import make_job
from packager.runners.runner import Worker
from packager.worker.job import Job, TrainingResult

NOT_MEASURED = {"case": (), "batch_invariance": True}
"""Parts of ``[test]`` that shape no statistic of held-out rows, with their defaults."""


def train(context: BuildContext, job: Job, worker: Worker, progress: Progress) -> TrainingResult:
    """Train, or evaluate the pretrained model; the worker writes its files to ``folder/out``."""
    out = context.folder / "out"
    shutil.rmtree(out, ignore_errors=True)  # of a training that was ended
    out.mkdir()
    project = context.project
    if project.member:
        doing = "evaluating the solution"
    else:
        doing = "inspecting the pretrained model" if project.model else "training"
    progress.step(doing)
    worker.run("run", {"job.json": job.dump()}, out, progress)
    return TrainingResult.load(out / "result.json")


def training_job(project: Project, seed_variance: SeedVariance | None) -> Job:
    """The job of a build.

    The recipe runs twice, to record the equivalence level of a repeat; the model is queried for
    values that it rejects.
    """
    training_only = {
        "repeat": project.recipe is not None,
        "query_model": project.data is not None,
        "seed_variance": seed_variance,
        "test": project.test.model_copy(update=NOT_MEASURED),
    }
    return make_job(project).model_copy(update=training_only)
