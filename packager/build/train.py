"""Training: the recipe of a project, run on its layers in a fresh worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.project.files import model_files
from packager.manifest.read_options import TableReadOptions
from packager.image.config import LABEL, assemble
from packager.engine.engine import Engine
from packager.image.layers import Layer, plain_layer
from packager.image.export import load_into
from packager.image.reference import Reference
from packager.image.stack import Stack, entries
from packager.manifest.manifest import Base, Recipe, Serve, Split
from packager.progress import Progress
from packager.project.config import Project
from packager.manifest.evaluation import SeedVariance
from packager.runners.local import check_host
from packager.runners.runner import ContainerWorker, LocalWorker, Worker
from packager.worker.job import Job, TrainingResult
from packager.runners.job import make_job


def train(
    project: Project, job: Job, worker: Worker, folder: Path, progress: Progress
) -> TrainingResult:
    """Train (or measure the given model) and leave the worker's files in ``folder/out``."""
    out = folder / "out"
    out.mkdir()
    progress.step("looking at the given model" if project.model else "training")
    worker.run("run", {"job.json": job.dump()}, out, progress)
    return TrainingResult.load(out / "result.json")


def training_job(project: Project, spread: SeedVariance | None) -> Job:
    """The job of a build: the recipe runs twice, and the rung that a repeat reaches is recorded;
    the model is asked about values that its data lacked."""
    asked = {"repeat": project.model is None, "ask": project.data is not None, "spread": spread}
    return make_job(project).model_copy(update=asked)












