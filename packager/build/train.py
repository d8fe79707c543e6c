"""Training: the recipe of a project, run on its layers in a fresh worker."""

from __future__ import annotations

from packager.build.context import BuildContext
from packager.manifest.evaluation import SeedVariance
from packager.project.config import Project
from packager.runners.job import make_job
from packager.runners.runner import Worker
from packager.worker.job import Job, TrainingResult


def train(context: BuildContext, job: Job, worker: Worker) -> TrainingResult:
    """Train (or measure the given model) and leave the worker's files in ``folder/out``."""
    out = context.folder / "out"
    out.mkdir()
    context.progress.step(
        "inspecting the pretrained model" if context.project.model else "training"
    )
    worker.run("run", {"job.json": job.dump()}, out, context.progress)
    return TrainingResult.load(out / "result.json")


def training_job(project: Project, seed_variance: SeedVariance | None) -> Job:
    """The job of a build: the recipe runs twice, and the level that a repeat reaches is recorded;
    the model is asked about values that its data lacked."""
    asked = {
        "repeat": project.model is None,
        "ask": project.data is not None,
        "seed_variance": seed_variance,
    }
    return make_job(project).model_copy(update=asked)
