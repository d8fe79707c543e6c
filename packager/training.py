"""Training: the recipe of a project, run on its layers in a fresh worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.code import model_files
from packager.data.reader import Reader
from packager.image.assemble import LABEL, assemble
from packager.image.engine import Engine
from packager.image.layers import Layer, plain_layer
from packager.image.outputs import load_into
from packager.image.reference import Reference
from packager.image.stack import Stack, entries
from packager.manifest import Base, Recipe, Serve, Split
from packager.progress import Progress
from packager.project.config import Project
from packager.results import Spread
from packager.runners.local import check_host
from packager.runners.runner import ContainerWorker, LocalWorker, Worker
from packager.worker.job import Job, TrainingResult


def train(
    project: Project, job: Job, worker: Worker, folder: Path, progress: Progress
) -> TrainingResult:
    """Train (or measure the given model) and leave the worker's files in ``folder/out``."""
    out = folder / "out"
    out.mkdir()
    progress.step("looking at the given model" if project.model else "training")
    worker.run("run", {"job.json": job.dump()}, out, progress)
    return TrainingResult.load(out / "result.json")


def training_job(project: Project, spread: Spread | None) -> Job:
    """The job of a build: the recipe runs twice, and the rung that a repeat reaches is recorded;
    the model is asked about values that its data lacked."""
    asked = {"repeat": project.model is None, "ask": project.data is not None, "spread": spread}
    return job_of(project).model_copy(update=asked)


@contextmanager
def training_worker(
    project: Project,
    base: Base | None,
    platform: str,
    stack: Stack,
    engine: Engine | None,
    folder: Path,
    progress: Progress,
) -> Iterator[Worker]:
    """A worker on what training needs: ``stack`` with its data, and a given model."""
    given = model_files(project)
    models = [plain_layer("model", folder / "given.tar", entries(given, "models"))] if given else []
    layers = [*stack.below, *stack.worker, *models, *stack.data]
    if engine is None or base is None:
        progress.warn("without a container: it runs in a process here (isolation: process)")
    with worker_on(layers, base, platform, engine, progress) as worker:
        yield worker


@contextmanager
def worker_on(
    layers: Sequence[Layer],
    base: Base | None,
    platform: str,
    engine: Engine | None,
    progress: Progress,
    variables: Mapping[str, str] = {},
) -> Iterator[Worker]:
    """A worker on these layers: in a container where an engine and a base are, else a process.

    ``variables`` are added to its environment.
    """
    if engine is None or base is None:
        yield LocalWorker(layers, variables)
        return
    progress.step("sending layers to the engine")
    image = assemble(engine.temporary("training"), base, layers, platform, {LABEL: "training"})
    load_into(engine, image, progress)
    try:
        yield ContainerWorker(engine, image.name, variables)
    finally:
        engine.remove(image.name)


@contextmanager
def on_package(
    reference: Reference,
    engine: Engine | None,
    progress: Progress,
    *,
    extra: Sequence[Layer] = (),
    companion: bool = False,
) -> Iterator[Worker]:
    """A worker inside a finished package, with ``extra`` layers on top.

    In a container where ``engine`` is given, else in a process of this machine.
    """
    lock = reference.lock()
    if engine is not None and not extra:
        yield ContainerWorker(engine, reference.in_engine(engine, progress, companion=companion))
        return
    layers = [*reference.image(companion=companion).layers, *extra]
    if engine is None:
        check_host(lock.python, lock.platform)
    base = None if lock.base == "none" else lock.base
    with worker_on(layers, base, lock.platform, engine, progress) as worker:
        yield worker


def job_of(project: Project) -> Job:
    """What the worker is asked to do."""
    recipe, data = project.recipe, project.data
    return Job(
        task=project.package.task,
        serve=serve_of(project),
        slices_columns=project.slices.columns,
        slices_rules=project.slices.rules,
        monitoring_exclude=project.monitoring.exclude,
        monitoring_include=project.monitoring.include,
        recipe=Recipe.model_validate(recipe.model_dump()) if recipe else "none",
        target=data.target if data else None,
        exclude=data.exclude if data else (),
        include=data.include if data else (),
        train_only=data.train_only if data else (),
        personal=data.personal if data else (),
        not_personal=data.not_personal if data else (),
        reader=data.reader if data else Reader(),
        split=split_of(project),
        source=data is not None,
    )


def serve_of(project: Project, loader: str = "joblib") -> Serve:
    """How the model is served, once it is known what loads it."""
    serve = project.serve
    return Serve(
        predictor=serve.predictor,
        loader=loader,
        compile=serve.compile,
        workers=serve.workers,
        strict=serve.strict,
        extra_columns=serve.extra_columns,
    )


def split_of(project: Project) -> Split:
    """The split as the worker knows it: a file by the name it has under ``/data/test``."""
    split = project.data.split if project.data else Split()
    return split.model_copy(update={"file": Path(split.file).name}) if split.file else split
