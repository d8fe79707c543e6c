from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from image_samples import make_images

from packager.errors import PackageError
from packager.image import outgoing
from packager.image.export import write_oci
from packager.image.outgoing import GZIP_TYPE, outgoing_image


@pytest.fixture(autouse=True)
def _cache(cache: Path) -> None:
    """What is compressed is remembered in a cache of the test's own."""


def test_uncompressed_the_manifest_is_that_of_the_oci_folder(tmp_path: Path):
    images = make_images(tmp_path / "layers")
    write_oci(images, tmp_path / "oci")
    listed = json.loads((tmp_path / "oci" / "index.json").read_bytes())["manifests"]
    made = [outgoing_image(image, "none", tmp_path) for image in images]
    assert [one.descriptor.digest for one in made] == [entry["digest"] for entry in listed]
    assert made[0].layers[0].open().read() == b"".join(images[0].layers[0].read())
    assert made[0].config.open().read() == images[0].config


def test_gzip_gives_the_same_bytes_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    image, _ = make_images(tmp_path / "layers")
    first = outgoing_image(image, "gzip", tmp_path / "a")
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "other"))
    second = outgoing_image(image, "gzip", tmp_path / "b")
    assert first.manifest == second.manifest
    assert {layer.descriptor.media_type for layer in first.layers} == {GZIP_TYPE}
    for layer, packed in zip(image.layers, first.layers, strict=True):
        content = packed.open().read()
        assert gzip.decompress(content) == b"".join(layer.read())
        assert content[4:8] == bytes(4)  # no time
        assert len(content) == packed.descriptor.size


def test_a_digest_is_remembered_until_zlib_changes(tmp_path: Path, monkeypatch):
    image, _ = make_images(tmp_path / "layers")
    first = outgoing_image(image, "gzip", tmp_path / "a")
    with monkeypatch.context() as patched:
        patched.setattr(outgoing, "_compress", lambda *_: pytest.fail("compressed again"))
        again = outgoing_image(image, "gzip", tmp_path / "b")
        assert again.manifest == first.manifest
    assert again.layers[0].open().read() == first.layers[0].open().read()
    compressed = []
    monkeypatch.setattr(outgoing, "LEVEL", 1)
    usual = outgoing._compress
    monkeypatch.setattr(outgoing, "_compress", lambda *a: compressed.append(a) or usual(*a))
    outgoing_image(image, "gzip", tmp_path / "c")
    assert len(compressed) == len(image.layers)


def test_a_damaged_record_is_made_again(tmp_path: Path, cache: Path):
    image, _ = make_images(tmp_path / "layers")
    first = outgoing_image(image, "gzip", tmp_path / "a")
    for record in (cache / "compressed").iterdir():
        record.write_text("[")
    assert outgoing_image(image, "gzip", tmp_path / "b").manifest == first.manifest


def test_a_layer_that_was_changed_is_refused(tmp_path: Path):
    image, _ = make_images(tmp_path / "layers")
    path = image.layers[0].path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(PackageError, match="layer code: expected sha256:"):
        outgoing_image(image, "gzip", tmp_path / "a")
