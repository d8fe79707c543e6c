"""Sends the lowest layers of an image to the engine while the ones above are made.

An engine unpacks layers on one processor, and the wheels of a first build take the others a while.
Only an engine that lets an archive leave out layers that it holds gains from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Self

from packager.engine.engine import Engine
from packager.image.config import LABEL, assemble
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.manifest.manifest import Base
from packager.progress import LayerSource, NullProgress, Progress


class EarlyLayers:
    """Sends layers in a thread of its own, in images without another use that it removes."""

    def __init__(self, engine: Engine | None, base: Base | None, platform: str) -> None:
        """Without an engine or a base nothing is sent."""
        self._engine, self._base, self._platform = engine, base, platform
        self._waiting: SimpleQueue[tuple[Layer, ...]] = SimpleQueue()
        self._sent = _Sent()
        self._names: list[str] = []
        self._error: BaseException | None = None
        # A daemon, because a command that stops does not wait for the engine. The next build
        # removes an image that the engine names after that.
        self._thread = Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the images; until the engine's clean-up scope ends it holds their layers."""
        if self._engine is not None:
            for name in tuple(self._names):
                self._engine.remove(name)

    def send(self, layers: Sequence[Layer]) -> None:
        """Send the lowest ``layers`` of an image; returns at once."""
        if self._engine is None or self._base is None or not layers:
            return
        if not self._thread.is_alive():
            if not self._engine.skips_held_layers:
                self._engine = None
                return
            self._thread.start()
        self._waiting.put(tuple(layers))

    def finish(self, progress: Progress) -> None:
        """Wait until all were sent; raise ``PackageError`` if the engine has failed."""
        if self._engine is None or not self._thread.is_alive():
            return
        self._waiting.put(())
        self._thread.join()
        if self._sent.layers:
            progress.step("sending layers to the engine")
        for name, size in self._sent.layers:
            progress.item(name, "sent", size, 0.0)
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while layers := self._waiting.get():
                self._load(layers)
        except BaseException as error:  # raised by `finish`
            self._error = error
            while self._waiting.get():
                pass

    def _load(self, layers: Sequence[Layer]) -> None:
        assert self._engine is not None
        if self._engine.existing_layers([layer.diff_id for layer in layers]) == len(layers):
            return
        name = self._engine.temporary("layers")
        image = assemble(name, self._base, layers, self._platform, {LABEL: "layers"})
        self._names.append(name)  # also after a failure: the engine may have named the image
        load_into(self._engine, image, self._sent)


class _Sent(NullProgress):
    """Collects what was sent, to be printed when the step has its turn."""

    def __init__(self) -> None:
        self.layers: list[tuple[str, int]] = []

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:  # noqa: ARG002
        """Collect a layer."""
        self.layers.append((name, size))
