"""Start workers on layers or on a built package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.engine.engine import Engine
from packager.image.config import LABEL, Image, assemble
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.image.reference import Reference
from packager.manifest.manifest import Base
from packager.progress import Progress
from packager.runners.local import check_host
from packager.runners.runner import ContainerWorker, Inputs, LocalWorker, Worker


@contextmanager
def layers_worker(
    layers: Sequence[Layer],
    base: Base | None,
    platform: str,
    engine: Engine | None,
    variables: Mapping[str, str] = {},
) -> Iterator[Worker]:
    """A worker on these layers: a container if there are an engine and a base, else a process.

    ``variables`` are added to its environment. The engine gets the layers before the first run.
    """
    if engine is None or base is None:
        yield LocalWorker(layers, variables)
        return
    image = assemble(engine.temporary("training"), base, layers, platform, {LABEL: "training"})
    worker = LayersWorker(engine, image, variables)
    try:
        yield worker
    finally:
        if worker.sent:
            engine.remove(image.name)


class LayersWorker(ContainerWorker):
    """A container of an image that the engine gets before the first run."""

    def __init__(self, engine: Engine, image: Image, variables: Mapping[str, str]) -> None:
        super().__init__(engine, image.name, variables)
        self._layers = image
        self.sent = False

    def run(self, verb: str, inputs: Inputs, output: Path, progress: Progress) -> Path:
        """As ``Worker.run``."""
        self.send(progress)
        return super().run(verb, inputs, output, progress)

    def send(self, progress: Progress) -> None:
        """Send the layers to the engine, unless that was done."""
        if not self.sent:
            progress.step("sending layers to the engine")
            self.sent = True  # also after a failure: the engine may have named the image
            load_into(self._engine, self._layers, progress)

    def beside(self) -> ContainerWorker:
        """A worker of the same image for another thread, once the engine has the layers."""
        return ContainerWorker(self._engine, self._layers.name, self._variables)


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
    layers = [*reference.image(companion=companion, base=engine is not None).layers, *extra]
    if engine is None:
        check_host(lock.python, lock.platform)
    base = None if lock.base == "none" else lock.base
    with layers_worker(layers, base, lock.platform, engine) as worker:
        yield worker
