"""Packages in a real registry, pushed from small images and read as packages again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from image_samples import make_images
from pushed_images import random_image
from registries import StartedRegistry, docker_config, registry

from packager.errors import PackageError, UsageError
from packager.image.config import LABEL, Image
from packager.image.incoming import companion_of, incoming_images
from packager.image.outgoing import outgoing_image
from packager.image.reference import open_reference
from packager.progress import NullProgress
from packager.registry.pull import pull
from packager.registry.push import push
from packager.registry.reference import RegistryReference

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """No logins, and a cache of the test's own."""
    monkeypatch.setenv("DOCKER_CONFIG", docker_config(tmp_path / "docker", {}))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedRegistry]:
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


def pushed(
    plain: StartedRegistry, name: str, folder: Path, compression: Literal["none", "gzip"] = "none"
) -> tuple[RegistryReference, tuple[Image, Image]]:
    """A package and its companion in the registry."""
    place, images = plain.reference(name), make_images(folder)
    for target, image in zip((place, companion_of(place)), images, strict=True):
        made = outgoing_image(image, compression, folder)
        repository = plain.repository(f"{target.repository}:1")
        push(repository, made, target.tag, NullProgress())
    return place, images


def test_the_companion_is_in_a_repository_of_its_own():
    place = RegistryReference.parse("r.example/team/shop:1")
    assert str(companion_of(place)) == "r.example/team/shop-replay:1"


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_package_comes_back_as_it_was(plain, tmp_path: Path, compression):
    place, images = pushed(plain, f"team/{compression}:1", tmp_path / "a", compression)
    folder = tmp_path / "oci"
    found = incoming_images(place, companion=True)
    pull(found, folder, NullProgress())
    with open_reference(f"oci:{folder}", None) as package:
        assert package.name == str(place)
        assert package.config_digest == images[0].digest
        assert package.has_companion
        assert package.image(companion=True).digest == images[1].digest
        assert [name for name, _, _ in package.layers()] == ["code", "package"]


def test_skopeo_and_umoci_read_what_was_pushed(plain, tmp_path: Path):
    for program in ("skopeo", "umoci"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    for compression in ("none", "gzip"):
        place, images = pushed(plain, f"other/{compression}:1", tmp_path / compression, compression)
        source = ("--src-tls-verify=false", f"docker://{place}")
        copied = tmp_path / f"copied-{compression}"
        subprocess.run(["skopeo", "copy", *source, f"oci:{copied}:1"], check=True, timeout=60)
        asked = [
            "skopeo",
            "inspect",
            "--config",
            "--raw",
            "--tls-verify=false",
            f"docker://{place}",
        ]
        config = subprocess.run(asked, check=True, capture_output=True, timeout=60).stdout
        assert config == images[0].config
        bundle = str(tmp_path / f"bundle-{compression}")
        command = ["umoci", "unpack", "--rootless", "--image", f"{copied}:1", bundle]
        subprocess.run(command, check=True, timeout=60)
        assert Path(bundle, "rootfs/code/train.py").read_text() == "x = 1\n"
        with open_reference(f"oci:{copied}", None) as package:  # whose layers skopeo compresses
            assert package.config_digest == images[0].digest
            package.image()


def test_a_digest_names_the_package_and_its_tag_follows_from_it(plain, tmp_path: Path):
    place, images = pushed(plain, "team/digest:1", tmp_path / "a")
    digest = outgoing_image(images[0], "none", tmp_path).descriptor.digest
    (found,) = incoming_images(place.at(digest))
    root = json.loads(images[0].config)["config"]["Labels"][f"{LABEL}.root"]
    assert found.name == f"{place.host}/team/digest:version-{root[:12]}"


def test_a_reference_needs_a_tag_or_digest(plain: StartedRegistry):
    with pytest.raises(UsageError, match="expected a tag or a digest, got neither"):
        incoming_images(RegistryReference(plain.host, "team/a"))


def test_what_is_no_package_is_refused(plain: StartedRegistry):
    push(plain.repository("team/other:1"), random_image(10), "1", NullProgress())
    with pytest.raises(PackageError, match="expected a package, got an image config with"):
        incoming_images(plain.reference("team/other:1"))


def test_the_companion_of_another_package_is_refused(plain, tmp_path: Path):
    place, images = pushed(plain, "team/mixed:1", tmp_path / "a")
    repository = plain.repository("team/mixed-replay:1")
    push(repository, outgoing_image(images[0], "none", tmp_path), "1", NullProgress())
    with pytest.raises(PackageError, match="got that of another package"):
        incoming_images(place, companion=True)


def test_an_absent_companion_is_named(plain, tmp_path: Path):
    place, images = plain.reference("team/alone:1"), make_images(tmp_path / "a")
    push(
        plain.repository("team/alone:1"),
        outgoing_image(images[0], "none", tmp_path),
        "1",
        NullProgress(),
    )
    assert len(incoming_images(place)) == 1
    with pytest.raises(PackageError, match="team/alone-replay:1: the registry has no such image"):
        incoming_images(place, companion=True)
