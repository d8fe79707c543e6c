from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from host_samples import MANIFEST
from image_samples import LOCK, make_images
from registries import StartedRegistry, docker_config, registry
from registry_packages import damage, pushed

from packager.cache import cache_directory
from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.config import Image
from packager.image.export import oci_manifest
from packager.image.outgoing import Compression
from packager.image.reference import open_reference
from packager.image.remote_images import remote_package
from packager.registry.authorization import RefusedScopeError
from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository
from packager.registry.transport import RegistryAnswer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_login")]


@pytest.fixture
def images(tmp_path: Path) -> tuple[Image, Image]:
    return make_images(tmp_path / "layers")


def refused(reference: str) -> PackageError:
    with pytest.raises(PackageError) as caught, open_reference(reference, None):
        pass
    return caught.value


def test_annotations_are_pushed_and_read(
    running: StartedRegistry, images: tuple[Image, Image]
) -> None:
    texts = {"org.opencontainers.image.revision": "1" * 40}
    image = replace(images[0], annotations=texts)
    (digest,) = pushed(f"{running.host}/annotated/shop:1", image)
    assert digest.digest == f"sha256:{sha256_bytes(oci_manifest(image))}"
    with open_reference(f"registry:{digest}", None) as found:
        assert found.config["annotations"] == texts


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_package_in_a_registry_reads_like_one_in_a_folder(
    running: StartedRegistry, images: tuple[Image, Image], compression: Compression
):
    place = f"{running.host}/read/{compression}:1"
    digest, other = pushed(place, *images, compression=compression)
    assert str(other).startswith(f"{running.host}/read/{compression}-replay@sha256:")
    by_digest = f"registry:{digest}"
    for text in (place, by_digest):
        with open_reference(text, None) as found:
            assert found.source == str(digest)
            assert (found.manifest, found.lock()) == (MANIFEST, LOCK)
            assert found.config_digest == images[0].digest
            assert found.engine is None
            if text == place:
                assert found.name == place
                assert found.has_companion
                for want, got in ((0, found.image()), (1, found.image(companion=True))):
                    assert got.layers == images[want].layers or [
                        (one.name, one.diff_id, one.size) for one in got.layers
                    ] == [(one.name, one.diff_id, one.size) for one in images[want].layers]


def test_of_the_layers_only_the_one_with_the_documents_is_read(
    running: StartedRegistry, images: tuple[Image, Image]
):
    place = f"{running.host}/lazy/model:1"
    pushed(place, images[0])
    before = len(running.requests())
    with open_reference(place, None) as found:
        assert found.lock() == LOCK
        assert len(found.layers()) == 2
    asked = [(method, path) for method, path, _ in running.requests()[before:]]
    blobs = [path.rpartition("/")[2] for _, path in asked if "/blobs/" in path]
    assert blobs == [images[0].digest, images[0].layers[1].diff_id]
    assert len(asked) <= 8
    kept = cache_directory("unpacked")
    assert [path.stem for path in kept.iterdir()] == [images[0].layers[1].diff_id[7:]]


def test_a_tag_is_resolved_once(running: StartedRegistry, images: tuple[Image, Image], tmp_path):
    place = f"{running.host}/once/model:1"
    pushed(place, images[0])
    other = json.loads(images[1].config)
    with open_reference(place, None) as found:
        pushed(place, images[1])  # the tag moves on
        assert found.image().digest == images[0].digest
    assert other["rootfs"] != json.loads(images[0].config)["rootfs"]


def test_a_companion_that_this_user_may_not_read_is_none(
    images: tuple[Image, Image], running: StartedRegistry
):
    place = RegistryReference.parse(f"{running.host}/alone/model:1")
    pushed(str(place), images[0])
    assert len(remote_package(place, "linux/amd64").images) == 1
    # An image of another package under the companion's name is none either.
    pushed(f"{running.host}/alone/model-replay:1", images[0])
    assert len(remote_package(place, "linux/amd64").images) == 1


def test_errors_name_the_reference_and_what_to_do(
    running: StartedRegistry, images: tuple[Image, Image], tmp_path: Path
):
    place = f"{running.host}/errors/model"
    pushed(f"{place}:1", images[0])
    assert refused(f"{place}:2").message == f"{place}:2: the registry has no such image"
    assert refused(f"{running.host}/errors/none:1").hint == (
        "check the repository's name and the tag or digest"
    )
    assert refused(place).message == f"{place}: expected a tag or a digest, got neither"
    described = json.loads(images[0].config)
    del described["config"]["Labels"]
    pushed(f"{place}:plain", Image("x", json.dumps(described).encode(), images[0].layers))
    assert refused(f"{place}:plain").message == f"{place}:plain: is not a package"
    assert refused("registry:team/model:1").message == (
        "registry:team/model:1: expected a registry's host before the first /, got 'team'"
    )


def test_a_blob_that_was_changed_on_the_disk_of_the_registry_is_named(
    running: StartedRegistry, images: tuple[Image, Image]
):
    place = f"{running.host}/changed/model:1"
    pushed(place, images[0])
    layer = images[0].layers[1]
    damage(running.blob(layer.diff_id))
    try:
        error = refused(place)
    finally:
        damage(running.blob(layer.diff_id))
    assert layer.diff_id in error.message
    assert error.hint is not None
    assert "push it again" in error.hint
    assert not list(cache_directory("unpacked").iterdir())
    with open_reference(place, None):
        pass


def test_a_private_package_is_read_with_the_login_and_the_ca_of_docker(
    images: tuple[Image, Image], tmp_path: Path, no_login: Path, monkeypatch: pytest.MonkeyPatch
):
    with registry(tmp_path / "private", secure=True, login=True) as found:
        assert found.ca is not None
        place = f"{found.host}/team/model:1"
        error = refused(place)
        assert f"put the file of its CA at /etc/docker/certs.d/{found.host}/ca.crt" in error.hint
        folder = no_login / ".docker" / "certs.d" / found.host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(found.ca.read_bytes())
        error = refused(place)
        assert error.message == f"{found.host}: expected a login, because the registry requires one"
        assert "docker login" in error.hint
        login = {"auths": {found.host: {"auth": "dXNlcjpzZXNhbWU="}}}
        docker_config(no_login / ".docker", login)
        pushed(place, images[0])
        with open_reference(place, None) as opened:
            assert opened.manifest == MANIFEST


def test_a_companion_whose_token_is_refused_is_none(
    images: tuple[Image, Image], running: StartedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = RegistryReference.parse(f"{running.host}/scoped/model:1")
    pushed(str(place), *images)
    assert len(remote_package(place, "linux/amd64").images) == 2
    real = RegistryRepository.request

    def request(self: RegistryRepository, method: str, *args: Any, **more: Any) -> RegistryAnswer:
        if method == "HEAD" and self.name.endswith("-replay"):
            raise RefusedScopeError("its token server refused the login", "log in again")
        return real(self, method, *args, **more)

    monkeypatch.setattr(RegistryRepository, "request", request)
    assert len(remote_package(place, "linux/amd64").images) == 1
