"""Images stored as files, verified as they are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from image_samples import make_images

from packager.digest import sha256_bytes
from packager.errors import PackageError, UsageError
from packager.image import stored_images
from packager.image.export import write_archive, write_oci
from packager.image.stored_images import held_platforms, read_archive, read_oci


@pytest.fixture
def images(tmp_path: Path):
    return make_images(tmp_path / "layers")


def test_layers_that_lie_in_an_archive_are_streamed_by_their_own_size(tmp_path: Path, images):
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"
    write_archive(images, first)
    write_archive(read_archive(first, "first"), second)
    assert second.read_bytes() == first.read_bytes()


def test_of_several_platforms_the_one_asked_for_or_this_machines_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stored_images, "default_platform", lambda: "linux/arm64")
    made = {
        name: make_images(tmp_path / name.replace("/", "-"), platform=name)
        for name in ("linux/amd64", "linux/arm64")
    }
    folder = tmp_path / "oci"
    write_oci([image for some in made.values() for image in some], folder)
    assert read_oci(folder, "oci") == read_oci(folder, "oci", "linux/arm64")
    for name, images in made.items():
        found = read_oci(folder, "oci", name)
        assert [image.digest for image in found] == [image.digest for image in images]
    assert held_platforms(f"oci:{folder}") == ("linux/amd64", "linux/arm64")
    with pytest.raises(UsageError) as caught:
        read_oci(folder, "oci", "linux/riscv64")
    assert caught.value.message == (
        "oci: expected an image for linux/riscv64, got those for linux/amd64, linux/arm64"
    )


def test_an_image_is_not_replaced_by_the_companion_of_another_platform(tmp_path: Path):
    main, _ = make_images(tmp_path / "arm64", platform="linux/arm64")
    _, companion = make_images(tmp_path / "amd64")
    write_oci([main, companion], tmp_path / "oci")
    with pytest.raises(PackageError, match="a companion for linux/amd64, not for linux/arm64"):
        read_oci(tmp_path / "oci", "oci")


def changed_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Replace the manifest of the first image in an OCI folder by a changed one."""
    index = json.loads((folder / "index.json").read_text())
    entry, blobs = index["manifests"][0], folder / "blobs" / "sha256"
    manifest = json.loads((blobs / entry["digest"][7:]).read_text())
    change(manifest)
    content = json.dumps(manifest).encode()
    entry["digest"] = f"sha256:{sha256_bytes(content)}"
    (blobs / entry["digest"][7:]).write_bytes(content)
    (folder / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"subject": {"digest": f"sha256:{'0' * 64}"}}, "an image that is attached to another"),
        ({"manifests": []}, "a manifest that is an index as well"),
    ],
)
def test_a_manifest_that_readers_take_for_different_things_is_refused(
    tmp_path: Path, images, change: dict[str, Any], found: str
):
    write_oci(images, tmp_path / "oci")
    changed_manifest(tmp_path / "oci", lambda manifest: manifest.update(change))
    with pytest.raises(PackageError, match=found):
        read_oci(tmp_path / "oci", "oci")


def test_an_index_that_is_attached_to_an_image_is_refused(tmp_path: Path, images):
    """It would lead to another image under the name of the one that is read."""
    folder = tmp_path / "oci"
    write_oci(images, folder)
    index = json.loads((folder / "index.json").read_text())
    subject = index["manifests"][0]
    content = json.dumps({"subject": subject, "manifests": [subject]}).encode()
    digest = sha256_bytes(content)
    (folder / "blobs" / "sha256" / digest).write_bytes(content)
    index["manifests"].insert(0, {**subject, "digest": f"sha256:{digest}"})
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(PackageError, match="an image that is attached to another one"):
        read_oci(folder, "oci")


def test_a_name_that_prints_further_lines_is_refused(tmp_path: Path, images):
    write_oci([replace(images[0], name="shop:1: verified\nok")], tmp_path / "oci")
    with pytest.raises(PackageError, match="expected text for its name"):
        read_oci(tmp_path / "oci", "oci")
