"""The lowest layers of an image are sent to an engine that may keep them, and no others."""

from __future__ import annotations

import time
from itertools import takewhile
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.layers import Entry, Layer, plain_layer
from packager.manifest.manifest import Base
from packager.runners.early_layers import EarlyLayers

BASE = Base(reference="base", diff_ids=("sha256:" + "0" * 64,), env=(), packages=())


class Store:
    """An engine that holds layers of images by name."""

    def __init__(self, *, skips: bool = True, refuses: bool = False) -> None:
        self.skips_held_layers = skips
        self.refuses = refuses
        self.held: dict[str, list[str]] = {}
        self.loads = 0
        self.removed: list[str] = []

    def existing_layers(self, diff_ids: list[str]) -> int:
        pairs = (zip(ids, diff_ids, strict=False) for ids in self.held.values())
        return max(
            (len(list(takewhile(lambda two: two[0] == two[1], p))) for p in pairs), default=0
        )

    def temporary(self, purpose: str) -> str:
        return f"model-packager-{purpose}:{self.loads}"

    def remove(self, name: str) -> None:
        self.removed.append(name)


class Told:
    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: str) -> None:
        self.said.append(text)

    def item(self, name: str, how: str, size: int, seconds: float) -> None:
        self.said.append(f"{name} {how}")


@pytest.fixture
def layers(tmp_path: Path) -> list[Layer]:
    return [
        plain_layer(name, tmp_path / f"{name}.tar", [Entry(f"{name}.txt", name.encode())])
        for name in ("base", "server", "model")
    ]


@pytest.fixture(autouse=True)
def _loads(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(engine, image, progress) -> None:
        engine.loads += 1
        if engine.refuses:
            raise PackageError("the engine refused the image: no space", "make room")
        ids = [layer.diff_id for layer in image.layers]
        for layer in image.layers[engine.existing_layers(ids) :]:
            progress.item(layer.name, "sent", layer.size, 0.0)
        engine.held[image.name] = ids

    monkeypatch.setattr("packager.runners.early_layers.load_into", load)


def test_each_layer_is_sent_once_and_the_images_are_removed(layers: list[Layer]):
    engine, told = Store(), Told()
    with EarlyLayers(engine, BASE, "linux/amd64") as early:
        early.send(layers[:2])
        early.send(layers)
        early.finish(told)
    assert told.said == [
        "sending layers to the engine",
        "base sent",
        "server sent",
        "model sent",
    ]
    assert engine.removed == list(engine.held)


def test_layers_that_the_engine_holds_are_not_sent(layers: list[Layer]):
    engine, told = Store(), Told()
    engine.held["other"] = [layer.diff_id for layer in layers]
    with EarlyLayers(engine, BASE, "linux/amd64") as early:
        early.send(layers[:2])
        early.send(layers)
        early.finish(told)
    assert (engine.loads, told.said, engine.removed) == (0, [], [])


@pytest.mark.parametrize(("skips", "base"), [(False, BASE), (True, None)])
def test_nothing_is_sent_twice_to_an_engine_that_needs_every_layer(layers, skips, base):
    engine, told = Store(skips=skips), Told()
    with EarlyLayers(engine, base, "linux/amd64") as early:
        early.send(layers[:2])
        early.send(layers)
        early.finish(told)
    assert (engine.loads, told.said) == (0, [])


def test_without_an_engine_nothing_is_sent(layers: list[Layer]):
    with EarlyLayers(None, BASE, "linux/amd64") as early:
        early.send(layers)
        early.finish(Told())


def test_a_build_that_stops_removes_what_was_sent(layers: list[Layer]):
    engine = Store()

    def stopped() -> None:
        with EarlyLayers(engine, BASE, "linux/amd64") as early:
            early.send(layers)
            while not engine.held:
                time.sleep(0.001)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert engine.removed == list(engine.held)


def test_a_refusal_of_the_engine_is_raised_once_and_ends_the_sending(layers: list[Layer]):
    engine = Store(refuses=True)
    with EarlyLayers(engine, BASE, "linux/amd64") as early:
        early.send(layers[:2])
        early.send(layers)
        with pytest.raises(PackageError, match="no space"):
            early.finish(Told())
    assert engine.loads == 1
    assert engine.removed == ["model-packager-layers:0"]
