"""Workers on what a project trains with, on layers, and on a finished package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.engine.engine import Engine
from packager.image.config import LABEL, assemble
from packager.image.export import load_into
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference
from packager.image.stack import Stack, entries
from packager.manifest.manifest import Base
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import model_files
from packager.runners.local import check_host
from packager.runners.runner import ContainerWorker, LocalWorker, Worker
from packager.sandbox.network import isolation_line


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
        why = "no engine answers" if engine is None else "base: none"
        progress.warn(f"no container ({why}): code of the project runs on this machine, as you")
    with layers_worker(layers, base, platform, engine, progress) as worker:
        yield worker
        if worker.measures:
            progress.step(f"isolation: {isolation_line(worker.measures)}")


@contextmanager
def layers_worker(
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
def package_worker(
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
    with layers_worker(layers, base, lock.platform, engine, progress) as worker:
        yield worker
