from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from image_samples import make_images
from registries import StartedRegistry

from packager.cache import cache_directory
from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.layer_cache import cached_layer
from packager.image.layers import Entry
from packager.image.outgoing import GZIP_TYPE
from packager.image.remote_layers import fetch_layer, remote_layer
from packager.registry.attachments import Descriptor
from packager.registry.blobs import OutgoingBlob, put_blob
from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository, open_repository

pytestmark = pytest.mark.usefixtures("no_login")
TAR = "application/vnd.oci.image.layer.v1.tar"


@pytest.fixture
def repository(running: StartedRegistry) -> RegistryRepository:
    return open_repository(RegistryReference.parse(f"{running.host}/layers/x"), write=True)


def stored(repository: RegistryRepository, content: bytes, media_type: str) -> Descriptor:
    blob = OutgoingBlob.of("layer", media_type, content)
    put_blob(repository, blob)
    return blob.descriptor


def diff_id(content: bytes) -> str:
    return f"sha256:{sha256_bytes(content)}"


def test_a_layer_is_fetched_once_when_it_is_read(
    running: StartedRegistry, repository: RegistryRepository, tmp_path: Path
):
    content = make_images(tmp_path)[0].layers[0].path.read_bytes()
    packed = stored(repository, gzip.compress(content), GZIP_TYPE)
    layer = remote_layer(repository, packed, diff_id(content), "code")
    assert layer.size == packed.size
    assert not layer.path.exists()
    assert b"".join(layer.read()) == content
    assert layer.fetched().size == len(content)
    before = len(running.requests())
    assert b"".join(remote_layer(repository, packed, diff_id(content), "code").read()) == content
    assert len(running.requests()) == before


def test_a_layer_that_this_machine_has_is_not_fetched(
    running: StartedRegistry, repository: RegistryRepository
):
    made = cached_layer("x", ["x"], lambda: [Entry("x", source=b"1")])
    before = len(running.requests())
    absent = Descriptor(TAR, made.diff_id, made.size)
    assert list(remote_layer(repository, absent, made.diff_id, "x").read())
    assert len(running.requests()) == before


@pytest.mark.parametrize(
    ("content", "media_type", "said"),
    [
        (gzip.compress(bytes(1 << 24)), GZIP_TYPE, "more than 200 times as many bytes"),
        (gzip.compress(b"layer")[:-4], GZIP_TYPE, "an early end"),
        (b"layer", GZIP_TYPE, "expected a layer compressed by gzip"),
        (b"layer", f"{TAR}+zstd", "expected a layer as it is or by gzip"),
        (b"layer", "text/html", "expected a layer of an image, got 'text/html'"),
        (b"another layer", TAR, "when unpacked, got sha256:"),
    ],
)
def test_what_is_not_the_layer_is_refused(
    repository: RegistryRepository, tmp_path: Path, content: bytes, media_type: str, said: str
):
    found = stored(repository, content, media_type)
    with pytest.raises(PackageError, match=said):
        fetch_layer(repository, found, diff_id(b"layer"), tmp_path / "x")


def test_a_registry_that_sends_less_is_an_error(repository: RegistryRepository, tmp_path: Path):
    found = stored(repository, b"layer", TAR)
    with pytest.raises(PackageError):
        fetch_layer(repository, replace(found, size=3), diff_id(b"layer"), tmp_path / "x")
    assert not list(cache_directory("unpacked").glob("*.tar"))
