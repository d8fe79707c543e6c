from __future__ import annotations

from pathlib import Path

import pytest
from registries import StartedRegistry
from registry_packages import damage, pushed
from tiny_bases import ENV, MINOR, STDLIB, tiny_base

from packager.environment.lock import LockFile
from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.base import base as module
from packager.image.base.base import find_base
from packager.image.base.probe import HOST_VERSION
from packager.image.base.registry_base import BasePin
from packager.image.config import LABEL
from packager.image.outgoing import Compression
from packager.image.stacked_files import StackedFiles
from packager.registry.manifests import resolve
from packager.registry.reference import RegistryReference
from packager.registry.repository import open_repository

PLATFORM = default_platform()
OTHER = "linux/amd64" if PLATFORM == "linux/arm64" else "linux/arm64"
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_login")]


def refused(reference: str, platform: str = PLATFORM) -> PackageError:
    with pytest.raises(PackageError) as caught:
        find_base(reference, platform, None)
    return caught.value


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_base_is_pulled_by_its_tag_without_an_engine(
    running: StartedRegistry, tmp_path: Path, compression: Compression
):
    image, place = tiny_base(tmp_path / "i"), f"{running.host}/tagged/{compression}:3-slim"
    (digest,) = pushed(place, image, compression=compression)
    found = find_base(place, PLATFORM, None)
    assert found is not None
    saved = found.saved
    assert (saved.reference, saved.digest) == (place, digest.digest)
    assert (saved.python, saved.version, saved.glibc) == (MINOR, HOST_VERSION, (2, 36))
    assert (saved.origin, saved.env) == ("elsewhere", tuple(ENV))
    # The image's layers, and one with the bytecode of its standard library.
    assert saved.diff_ids[:-1] == tuple(layer.diff_id for layer in image.layers)
    for layer in found.layers:
        assert list(layer.read())
    with StackedFiles([layer.path for layer in found.layers]) as tree:
        assert any(name.endswith(".pyc") for name in tree.below(f"/{STDLIB}"))
    before = len(running.requests())
    again = find_base(f"{running.host}/tagged/{compression}@{digest.digest}", PLATFORM, None)
    assert again is not None
    assert again.saved.diff_ids == saved.diff_ids
    read = [path for _, path, _ in running.requests()[before:] if "/blobs/" in path]
    assert len(read) == 1  # the config: layers are in the cache


def test_a_base_for_another_platform_gets_bytecode_too(running: StartedRegistry, tmp_path: Path):
    place = f"{running.host}/elsewhere/python:3-slim"
    image = tiny_base(tmp_path / "i", platform=OTHER)
    pushed(place, image)
    for _ in range(2):  # pulled, then from the cache
        base = find_base(place, OTHER, None)
        assert base is not None
        assert base.saved.diff_ids[:-1] == tuple(layer.diff_id for layer in image.layers)
        assert base.compiles_here
        with StackedFiles([layer.path for layer in base.layers]) as tree:
            assert any(name.endswith(".pyc") for name in tree.below(f"/{STDLIB}"))


def test_a_lock_decides_where_a_tag_has_moved(
    running: StartedRegistry, tmp_path: Path, monkeypatch
):
    place = f"{running.host}/moved/python:3-slim"
    (old,) = pushed(place, tiny_base(tmp_path / "old"))
    first = find_base(place, PLATFORM, None)
    assert first is not None
    pushed(place, tiny_base(tmp_path / "new", Env=[*ENV, "NEW=1"]))
    assert old.digest is not None
    lock = LockFile(
        inputs="",
        python=MINOR,
        platform=PLATFORM,
        bases=(first.locked,),
        base_digests={place: old.digest},
        wheels=(),
    )
    assert BasePin.of(lock, "other:1") == BasePin.of(None, place) == BasePin()
    pin = BasePin.of(lock, f"registry:{place}")
    assert pin == BasePin(first.saved.diff_ids, first.saved.env, old.digest)
    before = len(running.requests())
    locked = find_base(place, PLATFORM, None, pin)
    assert locked is not None
    assert locked.saved == first.saved
    assert len(running.requests()) == before  # the cache has it
    moved = find_base(place, PLATFORM, None)
    assert moved is not None
    assert moved.saved.env[-1] == "NEW=1"
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "other-cache"))
    other = find_base(place, PLATFORM, None, pin)
    assert other is not None
    assert other.saved == first.saved


def test_a_base_that_cannot_be_compiled_for_here_is_completed_when_it_can(
    running: StartedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = f"{running.host}/later/python:3-slim"
    pushed(place, tiny_base(tmp_path / "i"))
    with monkeypatch.context() as patch:
        patch.setattr("packager.image.base.saved.HOST_VERSION", "3.0.0")
        found = find_base(place, PLATFORM, None)
        assert found is not None
        assert found.saved.lacks_bytecode
        assert not found.compiles_here
    found = find_base(place, PLATFORM, None)
    assert found is not None
    assert not found.saved.lacks_bytecode
    assert len(found.layers) == 3


def test_errors_name_the_base_and_what_to_do(running: StartedRegistry, tmp_path: Path):
    place = f"{running.host}/errors/python"
    pushed(f"{place}:1", tiny_base(tmp_path / "i"))
    assert refused(f"{place}:2").message == f"{place}:2: the registry has no such image"
    assert refused(f"{place}:1", "linux/riscv64").message == (
        f"base {place}:1: expected platform linux/riscv64, got {PLATFORM}"
    )
    labels = {f"{LABEL}.root": "0" * 64}
    pushed(f"{place}:package", tiny_base(tmp_path / "p", Labels=labels))
    assert refused(f"{place}:package").message == (
        f"base {place}:package: expected an image with Python, got a package"
    )


def test_a_layer_that_was_changed_on_the_disk_of_the_registry_is_refused(
    running: StartedRegistry, tmp_path: Path
):
    place, image = f"{running.host}/damaged/python:1", tiny_base(tmp_path / "i", Env=[*ENV, "D=1"])
    pushed(place, image, compression="gzip")
    wanted = RegistryReference.parse(place)
    manifest = resolve(open_repository(wanted), "1", PLATFORM)
    damage(running.blob(manifest.layers[-1].digest))
    error = refused(place)
    assert manifest.layers[-1].digest in error.message
    assert "expected" in error.message
    assert "push it again" in error.hint
    assert not list(Path(module.cache_directory("bases")).glob("content-*"))
