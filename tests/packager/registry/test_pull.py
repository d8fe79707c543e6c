"""Pulls from a real registry: verified, resumed, as a whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pushed_images import random_image, size_of
from registries import StartedRegistry
from registry_stubs import cutting_proxy

from packager.cache import cache_directory
from packager.errors import PackageError
from packager.progress import NullProgress
from packager.registry.manifests import get_manifest
from packager.registry.pull import IncomingImage, pull
from packager.registry.push import OutgoingImage, push
from packager.registry.reference import RegistryReference
from packager.registry.repository import open_repository

SIZES = (400_000, 200_000, 5_000, 10)
HEADERS_SIZE = 10_000


@pytest.fixture
def image(plain: StartedRegistry) -> OutgoingImage:
    """An image in ``pull/a``."""
    made = random_image(*SIZES)
    push(plain.repository("pull/a:1"), made, "1", NullProgress())
    return made


def incoming(host: str) -> IncomingImage:
    repository = open_repository(RegistryReference(host, "pull/a"), sleep=lambda _: None)
    return IncomingImage(repository, get_manifest(repository, "1"), f"{host}/pull/a:1")


def partial() -> list[Path]:
    """The files in the cache of pulls."""
    return [path for path in cache_directory("pulls").rglob("*") if path.is_file()]


@pytest.mark.server
def test_the_folder_has_the_registrys_bytes(plain, image: OutgoingImage, tmp_path: Path):
    folder = tmp_path / "image"
    assert pull([incoming(plain.host)], folder, NullProgress()) == size_of(image)
    for blob in image.blobs:
        path = folder / "blobs" / "sha256" / blob.descriptor.digest[7:]
        assert path.read_bytes() == blob.open().read()
    (entry,) = json.loads((folder / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == image.descriptor.digest
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "1"
    assert entry["annotations"]["io.containerd.image.name"] == f"{plain.host}/pull/a:1"
    assert (folder / "oci-layout").is_file()
    assert partial() == []
    assert sorted(path.name for path in tmp_path.iterdir() if "image" in path.name) == ["image"]


@pytest.mark.server
def test_an_interrupted_pull_goes_on_where_it_ended(plain, image: OutgoingImage, tmp_path: Path):
    with cutting_proxy(plain.host) as proxy:
        found = incoming(proxy.host)
        proxy.answers_left = 300_000
        with pytest.raises(PackageError, match="no answer from the registry"):
            pull([found], tmp_path / "image", NullProgress())
        assert not (tmp_path / "image").exists()
    # The kernel drops what a client has not read when its connection is cut.
    received = sum(path.stat().st_size for path in partial())
    assert received > 0
    with cutting_proxy(plain.host) as proxy:
        pull([incoming(proxy.host)], tmp_path / "image", NullProgress())
        assert proxy.answered <= size_of(image) - received + HEADERS_SIZE
    assert partial() == []


@pytest.mark.server
def test_what_a_dead_process_left_is_used(plain, image: OutgoingImage, tmp_path: Path, monkeypatch):
    from packager.registry import pull as module

    with cutting_proxy(plain.host) as proxy:
        found = incoming(proxy.host)
        proxy.answers_left = 300_000
        monkeypatch.setattr(module, "process_id", lambda: "0-dead")
        with pytest.raises(PackageError):
            pull([found], tmp_path / "image", NullProgress())
        monkeypatch.undo()
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "is_stale", lambda name: name == "0-dead")
    assert partial()
    pull([incoming(plain.host)], tmp_path / "image", NullProgress())
    assert partial() == []


@pytest.mark.server
@pytest.mark.parametrize("damage", ["flipped", "truncated", "longer"])
def test_a_blob_damaged_on_the_registrys_disk_is_refused(
    plain, image: OutgoingImage, damage: str, tmp_path: Path
):
    path = plain.blob(image.layers[0].descriptor.digest)
    content = bytearray(path.read_bytes())
    content[1_000] ^= damage == "flipped"
    path.write_bytes({"truncated": content[:-1], "longer": content + b"x"}.get(damage, content))
    with pytest.raises(PackageError) as refused:
        pull([incoming(plain.host)], tmp_path / "image", NullProgress())
    assert plain.host in refused.value.message
    assert not (tmp_path / "image").exists()
    path.write_bytes(image.layers[0].open().read())  # mended
    pull([incoming(plain.host)], tmp_path / "image", NullProgress())
    assert (tmp_path / "image").exists()


@pytest.mark.server
def test_a_part_that_was_damaged_in_the_cache_is_fetched_again(plain, image, tmp_path: Path):
    with cutting_proxy(plain.host) as proxy:
        found = incoming(proxy.host)
        proxy.answers_left = 300_000
        with pytest.raises(PackageError):
            pull([found], tmp_path / "image", NullProgress())
    for part in cache_directory("pulls").rglob("*.part"):
        part.write_bytes(b"other" * 100_000)
    pull([incoming(plain.host)], tmp_path / "image", NullProgress())
    assert (tmp_path / "image").exists()


@pytest.mark.server
def test_an_earlier_folder_is_replaced(plain, image: OutgoingImage, tmp_path: Path):
    folder = tmp_path / "image"
    (folder / "blobs").mkdir(parents=True)
    (folder / "oci-layout").write_text("{}")
    (folder / "old").write_text("old")
    pull([incoming(plain.host)], folder, NullProgress())
    assert not (folder / "old").exists()
    assert (folder / "index.json").is_file()


@pytest.mark.server
def test_an_image_that_has_no_room_is_refused_before_it_is_fetched(plain, image, tmp_path: Path):
    found = incoming(plain.host)
    layers = [{**layer.as_json(), "size": 1 << 49} for layer in found.manifest.layers]
    document = {**found.manifest.document, "layers": layers}
    huge = replace(found, manifest=replace(found.manifest, document=document))
    before = len(plain.requests())
    with pytest.raises(PackageError, match="expected room for"):
        pull([huge], tmp_path / "image", NullProgress())
    assert len(plain.requests()) == before


@pytest.mark.server
def test_a_blob_that_a_manifest_names_with_two_sizes_is_fetched_once(plain, image, tmp_path: Path):
    found = incoming(plain.host)
    first = found.manifest.layers[0].as_json()
    document = {**found.manifest.document, "layers": [first, {**first, "size": 10}]}
    twice = replace(found, manifest=replace(found.manifest, document=document))
    with pytest.raises(PackageError, match="got more than 10 bytes"):
        pull([twice], tmp_path / "image", NullProgress())
    assert not (tmp_path / "image").exists()
