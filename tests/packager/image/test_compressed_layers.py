from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.compressed_layers import uncompressed_layer

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
TAR = b"the bytes of a tar" * 50_000
DIFF_ID = f"sha256:{hashlib.sha256(TAR).hexdigest()}"


@pytest.fixture(autouse=True)
def _cache(cache: Path) -> None:
    """What is unpacked is in a cache of the test's own."""


def stored(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(content)
    return path


def test_an_uncompressed_layer_is_used_where_it_is(tmp_path: Path):
    path = stored(tmp_path, TAR)
    assert uncompressed_layer(path, "application/vnd.oci.image.layer.v1.tar", DIFF_ID) == path


@pytest.mark.parametrize("kind", [GZIP, DOCKER])
def test_a_layer_is_unpacked_once(tmp_path: Path, kind: str):
    path = stored(tmp_path, gzip.compress(TAR))
    found = uncompressed_layer(path, kind, DIFF_ID)
    assert found.read_bytes() == TAR
    path.unlink()
    assert uncompressed_layer(path, kind, DIFF_ID) == found


def test_joined_files_of_gzip_are_one(tmp_path: Path):
    path = stored(tmp_path, gzip.compress(TAR[:1_000]) + gzip.compress(TAR[1_000:]))
    assert uncompressed_layer(path, GZIP, DIFF_ID).read_bytes() == TAR


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (gzip.compress(TAR)[:-20], "got an early end"),
        (b"", "got an early end"),
        (TAR, "incorrect header"),
        (gzip.compress(TAR) + b"more", "incorrect header"),
        (gzip.compress(b"x" * 10**8), "more than 200 times as many bytes"),
        (gzip.compress(TAR + b"x"), "expected these bytes, got sha256:"),
    ],
)
def test_another_layer_is_refused_and_leaves_nothing(tmp_path, cache, content, expected):
    with pytest.raises(PackageError) as refused:
        uncompressed_layer(stored(tmp_path, content), GZIP, DIFF_ID)
    assert expected in refused.value.message
    assert [*(cache / "unpacked").iterdir()] == []


def test_zstd_is_refused_by_name(tmp_path: Path):
    kind = "application/vnd.oci.image.layer.v1.tar+zstd"
    with pytest.raises(PackageError, match=r"expected a layer as it is or by gzip, got .*\+zstd"):
        uncompressed_layer(stored(tmp_path, b""), kind, DIFF_ID)
