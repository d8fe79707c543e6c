"""Start workers on layers or on a built package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from packager.engine.engine import Engine
from packager.image.config import LABEL, assemble
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.image.reference import Reference
from packager.manifest.manifest import Base
from packager.progress import Progress
from packager.runners.local import check_host
from packager.runners.runner import ContainerWorker, LocalWorker, Worker


@contextmanager
def layers_worker(
    layers: Sequence[Layer],
    base: Base | None,
    platform: str,
    engine: Engine | None,
    progress: Progress,
    variables: Mapping[str, str] = {},
) -> Iterator[Worker]:
    """A worker on these layers: a container if there are an engine and a base, else a process.

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
    """A worker in a built package, with ``extra`` layers on top.

    It runs in a container if ``engine`` is given, else in a process on this machine.
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
