"""Manifests at a real registry, and hostile ones at scripted registries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from registries import StartedRegistry
from registry_stubs import StubAnswer, StubRequest, stub

from packager.errors import PackageError
from packager.registry.attachments import INDEX_TYPE, MANIFEST_TYPE, Descriptor
from packager.registry.blobs import OutgoingBlob, put_blob
from packager.registry.manifests import (
    MAX_MANIFEST,
    ImageIndex,
    find_manifest,
    get_manifest,
    image_manifest,
    put_manifest,
    resolve,
)
from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository, open_repository

CONFIG = OutgoingBlob.of("config", "application/vnd.oci.image.config.v1+json", b"{}")
LAYER = OutgoingBlob.of("layer", "application/vnd.oci.image.layer.v1.tar", b"layer")
IMAGE = image_manifest(CONFIG.descriptor, [LAYER.descriptor])
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def at(host: str) -> RegistryRepository:
    return open_repository(RegistryReference(host, "m"), write=True, sleep=lambda _: None)


def index_of(*platforms: str, kind: str = INDEX_TYPE, digest: str = "") -> bytes:
    entries = []
    for platform in platforms:
        system, machine = platform.split("/")
        entry = Descriptor.of(MANIFEST_TYPE, IMAGE).as_json()
        entries.append({**entry, "platform": {"os": system, "architecture": machine}})
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).encode()


@pytest.mark.server
def test_a_manifest_is_stored_by_digest_and_tag(plain: StartedRegistry):
    repository = plain.repository("team/a:1")
    for blob in (CONFIG, LAYER):
        put_blob(repository, blob)
    put_manifest(repository, IMAGE, MANIFEST_TYPE)
    assert plain.tags("team/a") == []
    put_manifest(repository, IMAGE, MANIFEST_TYPE, "1")
    for target in ("1", Descriptor.of(MANIFEST_TYPE, IMAGE).digest):
        found = resolve(repository, target, "linux/amd64")
        assert (found.content, found.is_index) == (IMAGE, False)
        assert (found.config, found.layers) == (CONFIG.descriptor, (LAYER.descriptor,))
    assert find_manifest(repository, "2") is None
    with pytest.raises(
        PackageError, match=f"{plain.host}/team/a:2: the registry has no such image"
    ):
        get_manifest(repository, "2")


@pytest.mark.server
def test_the_image_of_a_platform_is_chosen(plain: StartedRegistry):
    repository = plain.repository("team/b:1")
    for blob in (CONFIG, LAYER):
        put_blob(repository, blob)
    put_manifest(repository, IMAGE, MANIFEST_TYPE)
    index = index_of("unknown/unknown", "linux/arm64")
    put_manifest(repository, index, INDEX_TYPE, "1")
    assert get_manifest(repository, "1").is_index
    assert resolve(repository, "1", "linux/arm64").content == IMAGE
    with pytest.raises(PackageError, match="expected an image for linux/amd64, got linux/arm64"):
        resolve(repository, "1", "linux/amd64")


@pytest.mark.server
def test_a_manifest_without_its_blobs_is_refused_by_the_registry(plain: StartedRegistry):
    missing = image_manifest(CONFIG.descriptor, [Descriptor.of("x", b"never sent")])
    with pytest.raises(PackageError, match="refused to store the manifest 1: 400"):
        put_manifest(plain.repository("team/c:1"), missing, MANIFEST_TYPE, "1")
    assert plain.tags("team/c") == []


def read(content: bytes, kind: str = MANIFEST_TYPE, target: str = "1") -> Any:
    def script(asked: StubRequest) -> StubAnswer:
        if asked.path == "/v2/":
            return StubAnswer(200)
        return StubAnswer(200, {"Content-Type": kind}, content)

    with stub(script) as found:
        return get_manifest(at(found.host), target)


def test_other_bytes_than_those_of_the_digest_are_refused():
    digest = Descriptor.of(MANIFEST_TYPE, IMAGE).digest
    assert read(IMAGE, target=digest).content == IMAGE
    with pytest.raises(PackageError, match="expected a manifest of that digest, got sha256:"):
        read(IMAGE + b" ", target=digest)


def test_a_manifest_is_bounded():
    with pytest.raises(PackageError, match="at most 4,194,304 bytes"):
        read(b" " * (MAX_MANIFEST + 1))


@pytest.mark.parametrize(
    ("change", "kind", "expected"),
    [
        ({"mediaType": INDEX_TYPE}, MANIFEST_TYPE, "as 'application/vnd.oci.image.manifest"),
        ({"manifests": []}, MANIFEST_TYPE, "a manifest and an index in one"),
        ({"mediaType": "text/html"}, "text/html", "the media type 'text/html'"),
        ({"layers": None}, MANIFEST_TYPE, "no list of a usual length"),
        ({"layers": [{}]}, MANIFEST_TYPE, "expected sha256: and 64 hex digits"),
        ({"config": None}, MANIFEST_TYPE, "expected a descriptor"),
        ({"config": {**CONFIG.descriptor.as_json(), "size": -1}}, MANIFEST_TYPE, "a size of 0 to"),
        ({"config": {**CONFIG.descriptor.as_json(), "size": True}}, MANIFEST_TYPE, "and a size"),
        (
            {"config": {**CONFIG.descriptor.as_json(), "digest": "sha256:../../x"}},
            MANIFEST_TYPE,
            "got 'sha256:../../x'",
        ),
    ],
)
def test_a_manifest_of_no_certain_kind_is_refused(change, kind: str, expected: str):
    with pytest.raises(PackageError) as refused:
        read(json.dumps({**json.loads(IMAGE), **change}).encode(), kind)
    assert expected in refused.value.message


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b"{", b"[" * 100_000])
def test_what_is_no_document_is_refused(content: bytes):
    with pytest.raises(PackageError, match="expected the manifest of an image, got"):
        read(content)


def test_a_manifest_without_a_media_type_has_that_of_the_answer():
    bare = {key: value for key, value in json.loads(IMAGE).items() if key != "mediaType"}
    assert not read(json.dumps(bare).encode()).is_index
    assert read(index_of("linux/amd64", kind=DOCKER_LIST), DOCKER_LIST).is_index


def test_an_index_in_an_index_is_refused():
    inner = index_of("linux/amd64")
    entry = {
        **Descriptor.of(INDEX_TYPE, inner).as_json(),
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    outer = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}).encode()

    def script(asked: StubRequest) -> StubAnswer:
        kind = {"Content-Type": INDEX_TYPE}
        return StubAnswer(200, kind, outer if asked.path.endswith("/1") else inner)

    with stub(script) as found, pytest.raises(PackageError, match="got another index"):
        resolve(at(found.host), "1", "linux/amd64")


def test_a_registry_that_changes_what_is_stored_is_refused():
    told = {"Docker-Content-Digest": "sha256:" + "0" * 64}

    def script(asked: StubRequest) -> StubAnswer:
        return StubAnswer(201 if asked.method == "PUT" else 200, told)

    with stub(script) as found, pytest.raises(PackageError, match="expected the registry to store"):
        put_manifest(at(found.host), IMAGE, MANIFEST_TYPE, "1")


def test_a_manifest_is_sent_again_to_an_overloaded_registry():
    answers = [503, 201]

    def script(asked: StubRequest) -> StubAnswer:
        return StubAnswer(answers.pop(0) if asked.method == "PUT" else 200)

    with stub(script) as found:
        put_manifest(at(found.host), IMAGE, MANIFEST_TYPE, "1")
    assert answers == []


@pytest.mark.parametrize(
    "platform",
    [None, {}, {"os": "linux"}, {"architecture": "amd64"}, {"os": "", "architecture": "a"}],
)
def test_an_index_with_an_image_for_no_certain_platform_is_refused(platform: object):
    """Engines take an entry without a platform for any, and one without an ``os`` for their own."""
    entry = CONFIG.descriptor.as_json()
    named = {**entry, "platform": {"os": "linux", "architecture": "arm64"}}
    attached = {**entry, "platform": {"os": "unknown", "architecture": "unknown"}}
    other = {**entry, "platform": platform} if platform is not None else entry
    index = ImageIndex.of(CONFIG.descriptor, {"manifests": [named, attached]})
    assert index.images == {"linux/arm64": CONFIG.descriptor.digest}
    with pytest.raises(ValueError, match="without a platform, which engines may run on any"):
        ImageIndex.of(CONFIG.descriptor, {"manifests": [named, other]})


@pytest.mark.parametrize(
    "platform",
    [
        *({"os": "linux", "architecture": name} for name in ("x86_64", "aarch64", "AMD64")),
        {"os": "Linux", "architecture": "amd64"},
    ],
)
def test_an_index_with_another_name_of_a_platform_is_refused(platform: dict[str, str]):
    """Some engines take ``x86_64`` for ``amd64``, others know no such platform."""
    entry = {**CONFIG.descriptor.as_json(), "platform": platform}
    with pytest.raises(ValueError, match="a platform of another name"):
        ImageIndex.of(CONFIG.descriptor, {"manifests": [entry]})
