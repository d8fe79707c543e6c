"""An index of platforms in a registry is signed when it is pushed, or there, and verified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from built_packages import Built, built, for_two_platforms
from registries import StartedRegistry, registry
from signed_packages import new_key

from packager.image.export import write_oci
from packager.registry.manifests import get_manifest, put_manifest
from packager.registry.reference import RegistryReference
from packager.registry.repository import open_repository

pytestmark = pytest.mark.server
REQUIRED = ("--require", "index,model,provenance,sbom")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedRegistry]:
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Built, Built]]:
    """A package for two platforms, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield for_two_platforms(built(tmp_path_factory.mktemp("b")), tmp_path_factory.mktemp("p"))


@pytest.fixture
def folder(pair: tuple[Built, Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An OCI folder with the package, and a key beside it."""
    monkeypatch.setenv("MODEL_PACKAGER_KEY_PASSWORD", "")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    write_oci([image for one in pair for image in one.images()], tmp_path / "oci")
    new_key(tmp_path / "k")
    return tmp_path


def statuses(run: Any, folder: Path, place: str, *options: str) -> dict[str, str]:
    """Platform → status of the link of the index."""
    code, out, err = run("verify", place, "--key", folder / "k.pub", "--json", *options)
    told = json.loads(out)
    assert (code == 0) == told["verified"], err
    return {
        one["platform"]: next(x["status"] for x in one["links"] if x["name"] == "index")
        for one in told["images"]
    }


@pytest.mark.parametrize(
    "way",
    [
        "push --key",
        *(
            pytest.param(one, marks=pytest.mark.long)
            for one in ("sign, then push", "push, then sign")
        ),
        pytest.param("gzip", marks=pytest.mark.long),
    ],
)
def test_each_way_to_a_signed_index(run: Any, served: Any, folder: Path, way: str) -> None:
    place, key = f"{served.host}/index/{way.replace(', ', '-').replace(' ', '-')}:1", folder / "k"
    place = place.replace("--", "-")
    steps = {
        "push --key": [("push", folder / "oci", place, "--key", key)],
        "sign, then push": [
            ("sign", folder / "oci", "--key", key),
            ("push", folder / "oci", place),
        ],
        "push, then sign": [("push", folder / "oci", place), ("sign", place, "--key", key)],
        "gzip": [("push", folder / "oci", place, "--key", key, "--compress", "gzip")],
    }
    for step in steps[way]:
        code, _, err = run(*step)
        assert code == 0, err
    found = statuses(run, folder, place, *REQUIRED)
    assert found == {"linux/amd64": "ok", "linux/arm64": "ok"}


def test_a_tag_moved_to_a_smaller_index_is_found(run: Any, served: Any, folder: Path) -> None:
    place = f"{served.host}/index/moved:1"
    assert run("push", folder / "oci", place, "--key", folder / "k")[0] == 0
    repository = open_repository(RegistryReference.parse(place), write=True)
    index = get_manifest(repository, "1")
    smaller = {**index.document, "manifests": index.document["manifests"][:1]}
    put_manifest(repository, json.dumps(smaller).encode(), index.descriptor.media_type, "1")
    code, out, _ = run("verify", place, "--key", folder / "k.pub", "--require", "index")
    assert code == 1
    assert "not verified: index: required, but none signed of sha256:" in out


def test_an_index_with_two_images_for_a_platform_is_refused(
    run: Any, served: Any, folder: Path
) -> None:
    place = f"{served.host}/index/twice:1"
    assert run("push", folder / "oci", place, "--key", folder / "k")[0] == 0
    repository = open_repository(RegistryReference.parse(place), write=True)
    index = get_manifest(repository, "1")
    first, second = index.document["manifests"]
    both = {**index.document, "manifests": [first, {**second, "platform": first["platform"]}]}
    put_manifest(repository, json.dumps(both).encode(), index.descriptor.media_type, "1")
    code, _, err = run("inspect", place)
    assert code == 1
    assert "expected an index of one image for each platform, got an index with two images" in err
