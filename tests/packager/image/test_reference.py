from __future__ import annotations

import gzip
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from host_samples import MANIFEST, RecordedProgress
from image_samples import LOCK, NAME, make_images

from packager.digest import canonical_json, sha256_bytes
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image import engine_copy
from packager.image.config import Image
from packager.image.export import load_into, write_archive, write_oci
from packager.image.reference import Reference, open_reference
from packager.manifest.manifest import Base
from packager.progress import NullProgress


@pytest.fixture
def written(tmp_path: Path):
    """The same package as an OCI folder and as an archive."""
    images = make_images(tmp_path / "layers")
    write_oci(images, tmp_path / "oci")
    write_archive(images, tmp_path / "archive.tar")
    return tmp_path


def refused(text: str, engine=None) -> PackageError:
    with pytest.raises(PackageError) as caught, open_reference(text, engine):
        pass
    return caught.value


@pytest.mark.parametrize(
    "text", ["{}/oci", "oci:{}/oci", "{}/archive.tar", "docker-archive:{}/archive.tar"]
)
def test_a_folder_and_an_archive_read_alike(written: Path, text: str):
    main, _ = make_images(written / "again")
    with open_reference(text.format(written), None) as found:
        assert found.name == NAME
        assert found.manifest == MANIFEST
        assert found.lock() == LOCK
        assert found.config_digest == main.digest
        assert found.has_companion
        assert found.engine is None
        assert found.layers() == [(layer.name, layer.diff_id, layer.size) for layer in main.layers]


@pytest.mark.parametrize("text", ["oci", "archive.tar"])
def test_the_companion_is_the_image_and_more(written: Path, text: str):
    with open_reference(str(written / text), None) as found:
        main, companion = found.image(), found.image(companion=True)
        assert [layer.name for layer in main.layers] == ["code", "package"]
        assert [layer.name for layer in companion.layers] == ["code", "package", "data"]
        assert companion.name == f"{NAME}-replay"
        with companion.layers[-1].members() as members:
            assert "data/source/a.csv" in [info.name for info in members]


def test_the_order_in_the_index_does_not_matter(written: Path):
    index = written / "oci/index.json"
    content = json.loads(index.read_text())
    content["manifests"].reverse()
    index.write_bytes(canonical_json(content))
    with open_reference(str(written / "oci"), None) as found:
        assert found.name == NAME


def test_a_package_without_a_companion_has_none(tmp_path: Path):
    write_oci(make_images(tmp_path / "layers")[:1], tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as found:
        assert not found.has_companion
        assert found.image(companion=True).name == NAME


def test_a_layer_of_an_archive_is_read_where_it_lies(written: Path):
    with open_reference(str(written / "archive.tar"), None) as found:
        layers = found.image().layers
    assert {layer.path for layer in layers} == {written / "archive.tar"}
    contents = [b"".join(layer.read()) for layer in layers]
    assert contents == [(written / "layers" / f"{layer.name}.tar").read_bytes() for layer in layers]


@pytest.mark.parametrize("write", [write_oci, write_archive])
def test_a_manifest_that_was_changed_is_refused(tmp_path: Path, write):
    changed = MANIFEST.model_copy(update={"version": "9.9.9"})
    write(make_images(tmp_path / "layers", manifest=changed.dump()), tmp_path / "changed")
    error = refused(str(tmp_path / "changed"))
    assert error.message == (
        f"package root: expected {MANIFEST.root} from the image's label, "
        f"got {changed.root} from its manifest"
    )
    assert "changed after it was built" in error.hint


def test_a_manifest_that_is_none_is_refused(tmp_path: Path):
    write_oci(make_images(tmp_path / "layers", manifest=b"{}"), tmp_path / "oci")
    assert "expected Manifest, got" in refused(str(tmp_path / "oci")).message


def test_no_base_means_no_engine(written: Path):
    with (
        open_reference(str(written / "oci"), None) as found,
        pytest.raises(PackageError) as caught,
    ):
        found.in_engine(object.__new__(Engine), RecordedProgress())
    assert caught.value.message == f"{NAME}: has no base (base: none), so no engine can run it"
    assert "--local" in caught.value.hint
    assert "`package base`" in caught.value.hint


class StoredImage:
    """An engine that has images, and takes what is loaded."""

    def __init__(self, **images: object) -> None:
        self.images = images
        self.loaded: list[str] = []

    def describe(self, name: str) -> object:
        return self.images.get(name)

    def existing_layers(self, diff_ids: list[str]) -> int:
        """The lowest layers that an image of it has: none."""
        return 0 * len(diff_ids)


def in_engine(folder: Path, engine: StoredImage, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(
        engine_copy, "load_into", lambda _, image, __: engine.loaded.append(image.name)
    )
    base = Base(reference="b:1", diff_ids=("sha256:0",), env=())
    on_base = LOCK.model_copy(update={"base": base})
    with open_reference(str(folder), None) as found:
        monkeypatch.setattr(Reference, "lock", lambda _: on_base)
        return found.in_engine(cast(Engine, engine), RecordedProgress())


def test_a_package_takes_no_name_but_its_own(tmp_path: Path, monkeypatch):
    main, companion = make_images(tmp_path / "layers")
    named = [replace(main, name="python:3.11-slim"), replace(companion, name="python:3-replay")]
    write_oci(named, tmp_path / "oci")
    engine = StoredImage()
    assert in_engine(tmp_path / "oci", engine, monkeypatch) == f"python:{MANIFEST.tag}"
    assert engine.loaded == [f"python:{MANIFEST.tag}"]


def test_another_image_of_that_name_stays_in_the_engine(written: Path, monkeypatch):
    other = {"Id": "sha256:1", "RootFS": {"Layers": ["sha256:2"]}, "Config": {}}
    engine = StoredImage(**{NAME: other})
    with pytest.raises(PackageError) as caught:
        in_engine(written / "oci", engine, monkeypatch)
    assert caught.value.message == f"{NAME}: the engine has another image of that name"
    assert f"docker image rm {NAME}" in caught.value.hint
    assert engine.loaded == []


def test_the_same_image_in_the_engine_is_no_other(written: Path, monkeypatch):
    main, _ = make_images(written / "again")
    config = json.loads(main.config)
    there = {"Id": "sha256:1", "RootFS": {"Layers": config["rootfs"]["diff_ids"]}}
    engine = StoredImage(**{NAME: {**there, "Config": config["config"]}})
    assert in_engine(written / "oci", engine, monkeypatch) == NAME


@pytest.mark.parametrize("text", ["models/shop:1", "shop"])
def test_a_tag_needs_an_engine(text: str):
    error = refused(text)
    assert error.message == f"{text}: no such folder or file, and no engine responds"
    assert error.hint.startswith("start Docker, or name an OCI folder")
    assert error.exit_code == 1


@pytest.mark.parametrize("text", ["{}", "oci:{}", "oci:{}/gone", "docker-archive:{}/gone.tar"])
def test_a_path_without_an_image_is_a_usage_error(tmp_path: Path, text: str):
    text = text.format(tmp_path)
    error = refused(text)
    assert error.message == f"{text}: expected an OCI folder or an archive, got neither"
    assert error.exit_code == 2


@pytest.mark.parametrize("text", ["./gone.tar", "../gone", "/gone/oci", "~/gone"])
def test_a_path_that_is_not_there_is_no_name_of_an_image(text: str):
    error = refused(text, cast(Engine, "an engine that is not asked"))
    assert error.message == f"{text}: expected an OCI folder or an archive, got neither"
    assert error.exit_code == 2


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n" * 100, gzip.compress(b"x"), b"\0" * 5])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "rows.csv").write_bytes(content)
    error = refused(str(tmp_path / "rows.csv"))
    assert error.message.startswith(
        f"{tmp_path}/rows.csv: expected an archive of `docker save`, got "
    )
    assert error.exit_code == 2


def test_a_cut_archive_is_refused(written: Path):
    whole = (written / "archive.tar").read_bytes()
    (written / "archive.tar").write_bytes(whole[: len(whole) // 2])
    assert "expected an archive of `docker save`" in refused(str(written / "archive.tar")).message


def test_another_tar_is_refused(tmp_path: Path):
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(__file__, "notes.txt")
    error = refused(str(tmp_path / "other.tar"))
    assert error.message.endswith(
        "expected an archive of `docker save`, got a tar without manifest.json"
    )


def foreign(images) -> list[Image]:
    """An image as others make them: no labels, and history without layers."""
    config = json.loads(images[0].config)
    del config["config"]["Labels"]
    config["history"].append({"created_by": "ENV A=1", "empty_layer": True})
    return [Image("python:3.11", canonical_json(config), images[0].layers)]


@pytest.mark.parametrize("write", [write_oci, write_archive])
def test_an_image_of_others_is_refused(tmp_path: Path, write):
    write(foreign(make_images(tmp_path / "layers")), tmp_path / "foreign")
    error = refused(str(tmp_path / "foreign"))
    assert error.message == "python:3.11: is not a package"
    assert error.hint == "build it with `package build`"


def test_an_oci_folder_with_a_hole_is_refused(written: Path):
    main, _ = make_images(written / "again")
    (written / "oci/blobs/sha256" / main.digest[7:]).unlink()
    error = refused(str(written / "oci"))
    assert error.message.startswith(f"{written}/oci: expected a whole OCI folder, got ")
    assert sha256_bytes(main.config) in error.message


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"manifests": [{}]}'])
def test_an_index_that_is_none_is_refused(written: Path, content: str):
    (written / "oci/index.json").write_text(content)
    assert "expected a whole OCI folder" in refused(str(written / "oci")).message


def test_an_oci_folder_without_images_is_refused(written: Path):
    (written / "oci/index.json").write_text('{"manifests": []}')
    assert refused(str(written / "oci")).message == f"{written}/oci: holds no image"


def forged(folder: Path, change) -> str:
    """An OCI folder whose config (and what hangs on it) is changed."""
    write_oci(make_images(folder / "layers")[:1], folder / "oci")
    blobs, index = folder / "oci/blobs/sha256", folder / "oci/index.json"
    described = json.loads(index.read_text())
    manifest = json.loads((blobs / described["manifests"][0]["digest"][7:]).read_text())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_text())
    change(config, described["manifests"][0])
    for content, place in ((config, manifest["config"]), (manifest, described["manifests"][0])):
        written = canonical_json(content)
        place["digest"] = f"sha256:{sha256_bytes(written)}"
        (blobs / place["digest"][7:]).write_bytes(written)
    index.write_bytes(canonical_json(described))
    return str(folder / "oci")


def _name(value: object):
    return lambda _, entry: entry.update(annotations={"io.containerd.image.name": value})


def _config(key: str, value: object):
    return lambda config, _: config.update({key: value})


@pytest.mark.parametrize(
    "change",
    [
        _name({"a": 1}),
        _name(["a"]),
        _config("config", {"Labels": ["io.model-packager.root"]}),
        _config("config", [1]),
        _config("config", {"Labels": 7}),
        _config("rootfs", {"diff_ids": [{}, []]}),
        _config("rootfs", {"diff_ids": ["sha256:../../x", "y"]}),
        _config("history", [1, 2]),
        _config("history", {"a": 1}),
    ],
)
def test_other_types_than_a_config_has_are_an_error_and_no_traceback(tmp_path: Path, change):
    error = refused(forged(tmp_path, change))
    assert "oci: " in error.message


@pytest.mark.parametrize("value", ["NaN", "Infinity", "9" * 5000, "[" * 150 + "]" * 150])
def test_values_that_json_lacks_are_an_error_and_no_traceback(tmp_path: Path, value: str):
    recipe = '{"train":"a:b","seed":1,"accept":{},"params":{"a":' + value + "}}"
    content = MANIFEST.dump().replace(b'"recipe":"none"', b'"recipe":' + recipe.encode())
    write_oci(make_images(tmp_path / "layers", manifest=content), tmp_path / "oci")
    assert "expected" in refused(str(tmp_path / "oci")).message


@pytest.mark.engine
def test_a_tag_that_is_moved_changes_nothing_of_what_was_opened(engine: Engine, tmp_path: Path):
    main, _ = make_images(tmp_path / "first")
    config = json.loads(main.config)
    config["config"]["Cmd"] = ["/other"]
    other = replace(main, config=canonical_json(config))
    name = engine.temporary("moved")
    try:
        load_into(engine, replace(main, name=name), NullProgress())
        with open_reference(name, engine) as found:
            load_into(engine, replace(other, name=name), NullProgress())
            assert found.image().digest == main.digest != other.digest
    finally:
        engine.remove(name)
        engine.remove(main.digest)
