"""A verification reads every byte, and names the layer and the file that differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from built_packages import Built, built
from signed_packages import new_key, signed_folder, verified, wrong

from packager.errors import PackageError
from packager.trust.keys import PrivateKey


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return new_key(tmp_path_factory.mktemp("keys") / "k")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "file"),
    [
        ("code", "code/train.py"),
        ("model", "models/model"),
        ("runtime", "opt/runtime/serving/app.py"),
        ("training runtime", "opt/runtime/packager/worker/train_job.py"),
    ],
)
def test_one_flipped_byte_in_a_stored_layer_is_found_and_its_file_named(
    made: Built, key: PrivateKey, tmp_path: Path, layer: str, file: str
) -> None:
    images = made.images()
    signed_folder(tmp_path / "oci", images, key)
    (one,) = [found for found in images[1].layers if found.name == layer]
    with one.members() as members:
        (offset,) = [info.offset_data for info in members if info.name == file]
    blob = tmp_path / "oci" / "blobs" / "sha256" / one.diff_id[7:]
    content = bytearray(blob.read_bytes())
    content[offset] ^= 1
    blob.write_bytes(content)
    report = verified(tmp_path / "oci", key.public)
    assert report.first_wrong is not None
    assert report.first_wrong.name == f"layer {layer}: file /{file}"
    assert {"image", "config", "root"} & wrong(report).keys() == set()


@pytest.mark.slow
def test_bytes_of_a_layer_that_are_in_no_file_are_found_too(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    images = made.images()
    signed_folder(tmp_path / "oci", images, key)
    code = next(one for one in images[0].layers if one.name == "code")
    blob = tmp_path / "oci" / "blobs" / "sha256" / code.diff_id[7:]
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    found = wrong(verified(tmp_path / "oci", key.public))
    assert list(found) == ["layer code"]
    assert found["layer code"].startswith(f"expected {code.diff_id}, got sha256:")


def test_a_layer_that_is_no_tar_any_more_is_named(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    images = made.images()
    signed_folder(tmp_path / "oci", images, key)
    code = next(one for one in images[0].layers if one.name == "code")
    blob = tmp_path / "oci" / "blobs" / "sha256" / code.diff_id[7:]
    blob.write_bytes(b"\1" * code.size)
    with pytest.raises(PackageError, match="layer code"):
        verified(tmp_path / "oci", key.public)
