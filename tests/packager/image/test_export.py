from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from host_samples import RecordedProgress
from image_samples import NAME, make_images

from packager.digest import sha256_bytes, sha256_file
from packager.errors import PackageError, UsageError
from packager.image.export import (
    Destination,
    archive_stream,
    export_images,
    write_archive,
    write_oci,
)


@pytest.fixture
def images(tmp_path: Path):
    return make_images(tmp_path / "layers")


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("docker", "docker", None),
        ("oci:out/image", "oci", "out/image"),
        ("oci:C:/image", "oci", "C:/image"),
        ("docker-archive:a.tar", "docker-archive", "a.tar"),
    ],
)
def test_an_output_is_read_and_written_alike(text: str, kind: str, path: str | None):
    output = Destination.parse(text)
    assert (output.kind, output.path) == (kind, path and Path(path))
    assert str(output) == text
    assert output.paths == ((Path(path).resolve(),) if path else ())


@pytest.mark.parametrize(
    "text", ["", "oci", "oci:", "docker:", "docker-archive:", "podman", "OCI:a"]
)
def test_anything_else_is_no_output(text: str):
    with pytest.raises(UsageError) as caught:
        Destination.parse(text)
    assert caught.value.message == (
        "--output: expected docker, oci:DIR, docker-archive:FILE or registry:HOST/NAME, got "
        f"{text!r}"
    )
    assert caught.value.hint == "for example --output oci:image"


def test_an_oci_folder_is_a_valid_layout(tmp_path: Path, images):
    write_oci(images, tmp_path / "oci")
    assert json.loads((tmp_path / "oci/oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((tmp_path / "oci/index.json").read_text())
    assert (index["schemaVersion"], index["mediaType"]) == (
        2,
        "application/vnd.oci.image.index.v1+json",
    )
    blobs = tmp_path / "oci/blobs/sha256"
    assert all(sha256_file(path) == path.name for path in blobs.iterdir())
    mentioned = set()

    def follow(descriptor, kind: str) -> bytes:
        algorithm, _, digest = descriptor["digest"].partition(":")
        content = (blobs / digest).read_bytes()
        assert algorithm == "sha256"
        assert descriptor["size"] == len(content)
        assert descriptor["mediaType"] == f"application/vnd.oci.image.{kind}"
        mentioned.add(digest)
        return content

    for entry, image in zip(index["manifests"], images, strict=True):
        manifest = json.loads(follow(entry, "manifest.v1+json"))
        assert manifest["mediaType"] == entry["mediaType"]
        assert follow(manifest["config"], "config.v1+json") == image.config
        for layer, ours in zip(manifest["layers"], image.layers, strict=True):
            assert follow(layer, "layer.v1.tar") == ours.path.read_bytes()
        assert entry["platform"] == {"os": "linux", "architecture": "amd64"}
    assert mentioned == {path.name for path in blobs.iterdir()}


def test_both_images_have_their_names(tmp_path: Path, images):
    write_oci(images, tmp_path / "oci")
    entries = json.loads((tmp_path / "oci/index.json").read_text())["manifests"]
    tag = NAME.partition(":")[2]
    assert [entry["annotations"] for entry in entries] == [
        {
            "org.opencontainers.image.ref.name": tag + more,
            "io.containerd.image.name": NAME + more,
        }
        for more in ("", "-replay")
    ]


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_equal_images_give_equal_folders_and_archives(tmp_path: Path):
    for name in ("one", "two"):
        images = make_images(tmp_path / f"{name}-layers")
        write_oci(images, tmp_path / name)
        write_archive(images, tmp_path / f"{name}.tar")
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_an_older_oci_folder_is_replaced_whole(tmp_path: Path, images):
    write_oci(images, tmp_path / "oci")
    write_oci(images[:1], tmp_path / "oci")
    assert len(json.loads((tmp_path / "oci/index.json").read_text())["manifests"]) == 1
    held = {path.name for path in (tmp_path / "oci/blobs/sha256").iterdir()}
    assert images[1].layers[-1].diff_id[7:] not in held
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layers", "oci"]


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file"])
def test_what_is_no_oci_folder_is_left_alone(tmp_path: Path, images, kind: str):
    place = tmp_path / "mine"
    if kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
    if kind == "folder":
        (place / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError) as caught:
        write_oci(images, place)
    assert caught.value.message == (
        f"{place}: expected nothing or an OCI folder there, got something else"
    )
    assert [path.name for path in place.rglob("*")] == (["thesis.tex"] if kind == "folder" else [])


def test_a_failure_leaves_the_older_folder_and_archive(tmp_path: Path, images):
    write_oci(images, tmp_path / "oci")
    write_archive(images, tmp_path / "a.tar")
    before = (tmp_path / "oci/index.json").read_bytes(), (tmp_path / "a.tar").read_bytes()
    images[1].layers[-1].path.unlink()
    for write, place in ((write_oci, "oci"), (write_archive, "a.tar")):
        with pytest.raises(PackageError, match="can't be written: No such file"):
            write(images, tmp_path / place)
    after = (tmp_path / "oci/index.json").read_bytes(), (tmp_path / "a.tar").read_bytes()
    assert after == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "layers", "oci"]


def test_an_archive_is_what_docker_save_writes(tmp_path: Path, images):
    write_archive(images, tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}
        order = tar.getnames()
    entries = json.loads(members["manifest.json"])
    assert [entry["RepoTags"] for entry in entries] == [[NAME], [f"{NAME}-replay"]]
    for entry, image in zip(entries, images, strict=True):
        assert members[entry["Config"]] == image.config
        assert entry["Config"] == f"{sha256_bytes(image.config)}.json"
        diff_ids = [f"sha256:{sha256_bytes(members[name])}" for name in entry["Layers"]]
        assert diff_ids == [layer.diff_id for layer in image.layers]
    assert len(order) == len(set(order)) == 3 + 2 + 1


def test_layers_that_are_held_already_are_not_sent_but_named(images, tmp_path: Path):
    main = images[0]
    (tmp_path / "a.tar").write_bytes(b"".join(archive_stream([main], held=1)))
    with tarfile.open(tmp_path / "a.tar") as tar:
        names = tar.getnames()
        manifest = json.loads(tar.extractfile("manifest.json").read())
    assert f"{main.layers[0].diff_id[7:]}.tar" not in names
    assert f"{main.layers[1].diff_id[7:]}.tar" in names
    assert manifest[0]["Layers"] == [f"{layer.diff_id[7:]}.tar" for layer in main.layers]


def test_an_archive_in_the_place_of_a_folder_is_refused(tmp_path: Path, images):
    with pytest.raises(UsageError, match="expected a file, got a folder"):
        write_archive(images, tmp_path)


@pytest.mark.parametrize("text", ["oci:{}/out", "docker-archive:{}/out"])
def test_images_are_delivered_where_the_output_says(tmp_path: Path, images, text: str):
    export_images(images, Destination.parse(text.format(tmp_path)), None, RecordedProgress())
    assert (tmp_path / "out").exists()


def test_an_engine_that_is_not_there_is_reported(images):
    with pytest.raises(PackageError) as caught:
        export_images(images, Destination("docker"), None, RecordedProgress())
    assert caught.value.message == "--output docker: no engine responds"
    assert "--output oci:DIR" in caught.value.hint


def test_images_of_several_platforms_are_an_index_of_each_name(tmp_path: Path):
    arm64 = make_images(tmp_path / "arm64", platform="linux/arm64")
    amd64 = make_images(tmp_path / "amd64")
    write_oci([*amd64, *arm64], tmp_path / "oci")
    entries = json.loads((tmp_path / "oci/index.json").read_text())["manifests"]
    assert [entry["annotations"]["io.containerd.image.name"] for entry in entries] == [
        amd64[0].name,
        amd64[1].name,
    ]
    for entry in entries:
        assert entry["mediaType"] == "application/vnd.oci.image.index.v1+json"
        index = json.loads((tmp_path / "oci/blobs/sha256" / entry["digest"][7:]).read_bytes())
        platforms = [one["platform"] for one in index["manifests"]]
        assert platforms == [
            {"architecture": "amd64", "os": "linux"},
            {"architecture": "arm64", "os": "linux"},
        ]
        assert "annotations" not in index


def test_an_index_has_the_annotations_that_its_images_share(tmp_path: Path):
    images = []
    for platform in ("linux/amd64", "linux/arm64"):
        marks = {"a.b/team": "risk", "of": platform}
        made = make_images(tmp_path / platform.rpartition("/")[2], platform=platform)
        images += [replace(image, annotations=marks) for image in made]
    write_oci(images, tmp_path / "oci")
    for entry in json.loads((tmp_path / "oci/index.json").read_text())["manifests"]:
        index = json.loads((tmp_path / "oci/blobs/sha256" / entry["digest"][7:]).read_bytes())
        assert index["annotations"] == {"a.b/team": "risk"}
        assert entry["annotations"]["a.b/team"] == "risk"
        assert "of" not in entry["annotations"]
        for one in index["manifests"]:
            manifest = json.loads((tmp_path / "oci/blobs/sha256" / one["digest"][7:]).read_bytes())
            assert manifest["annotations"]["of"].endswith(one["platform"]["architecture"])
