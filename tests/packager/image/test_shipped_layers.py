"""The layers that all packages on a base have in common, made before the first build."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.environment.shipped import shipped_wheels
from packager.environment.wheels import missing
from packager.image import shipped_layers
from packager.image.base.base import find_base, find_made_base
from packager.image.base.debian import base_name
from packager.image.base.saved import BaseImage
from packager.image.config import LABEL, assemble
from packager.image.export import load_into
from packager.image.file_list import known_listing
from packager.image.shipped_layers import GROUPS, image_name, prepare_layers
from packager.image.stack import LayerOptions, Stack, make_stack
from packager.manifest.manifest import Lock
from packager.progress import NullProgress

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture
def made_base() -> BaseImage:
    name = base_name()
    made = None if name is None else find_made_base(name, default_platform(), None)
    if made is None:
        pytest.skip("no base of `package base` is in the cache")
    return made


def new_cache(folder: Path, made_base: BaseImage, patch: pytest.MonkeyPatch) -> None:
    """A cache with the shipped wheels that the user's has, and without layers."""
    wheels = shipped_wheels(GROUPS, made_base.target, "base")
    held = [wheel for wheel in wheels if wheel not in missing(wheels)]
    source = cache_directory("wheels")
    folder.mkdir(mode=0o700)
    for wheel in held:
        shutil.copytree(source / wheel.sha256, folder / "wheels" / wheel.sha256)
    patch.setenv("MODEL_PACKAGER_CACHE", str(folder))


def stack(made_base: BaseImage, folder: Path, *, fresh: bool = False) -> Stack:
    wheels = shipped_wheels(shipped_layers.GROUPS, made_base.target, "base")
    saved = made_base.saved
    lock = Lock(
        python=saved.python,
        platform=saved.platform,
        base=made_base.locked,
        wheels=tuple(wheels),
    )
    files: Any = SimpleNamespace(code={}, data={})
    return make_stack(made_base, lock, files, folder, NullProgress(), LayerOptions(fresh))


def check(made_base: BaseImage, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """After ``prepare_layers`` a stack finds its layers, with the bytes of another cache's."""
    new_cache(folder / "prepared", made_base, patch)
    prepare_layers(made_base, NullProgress())
    ours = stack(made_base, folder)
    bottom = len(made_base.layers)
    layers = {one.name: one for one in (*ours.below[bottom:], *ours.trees, *ours.worker)}
    own = {"code", "model environment", "worker environment", "worker wheels"}
    built = {name for name, layer in layers.items() if layer.source == "built"}
    assert built == own & layers.keys()
    for name in layers.keys() - own:
        assert known_listing(layers[name].diff_id), name
    new_cache(folder / "new", made_base, patch)
    theirs = stack(made_base, folder, fresh=True)
    assert digests(ours) == digests(theirs)


def digests(made: Stack) -> list[tuple[str, str]]:
    return [(one.name, one.diff_id) for one in (*made.below, *made.trees, *made.worker)]


def test_a_build_finds_layers_with_the_bytes_that_it_would_make(
    made_base: BaseImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped_layers, "GROUPS", ("trees",))
    check(made_base, tmp_path, monkeypatch)


@pytest.mark.long  # compiles the wheels of server and harness twice
def test_so_it_does_with_all_wheels(
    made_base: BaseImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(made_base, tmp_path, monkeypatch)


@pytest.mark.engine
def test_the_engine_keeps_the_lowest_layers_of_a_package(engine: Engine, base: str) -> None:
    of_engine = find_base(base, engine.platform, engine)
    assert of_engine is not None
    name = image_name(of_engine)
    labels = {LABEL: "layers", "of": "an earlier installation"}
    old = assemble(name, of_engine.locked, of_engine.layers, engine.platform, labels)
    load_into(engine, old, NullProgress())
    prepare_layers(of_engine, NullProgress())
    described = engine.describe(name)
    assert described is not None
    assert engine.describe(old.digest) is None
    below = [layer.diff_id for layer in stack(of_engine, Path()).below]
    held = described["RootFS"]["Layers"]
    assert below[: len(of_engine.layers) + 1] == held[: len(of_engine.layers) + 1]
    assert engine.existing_layers(below) > len(of_engine.layers)
    engine.remove(name)
