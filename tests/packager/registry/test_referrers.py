"""Attachments at a real registry, which has no referrers API, and at scripted ones, which do."""

from __future__ import annotations

import json
import threading

import pytest
from registries import StartedRegistry
from registry_stubs import StubAnswer, StubRequest, stub

from packager.errors import PackageError
from packager.registry import referrers
from packager.registry.attachments import INDEX_TYPE, MANIFEST_TYPE, Attachment, Descriptor
from packager.registry.manifests import find_manifest, get_manifest, put_manifest
from packager.registry.reference import RegistryReference
from packager.registry.referrers import attach, fallback_tag, get_attachment, list_referrers
from packager.registry.repository import open_repository

SUBJECT = Descriptor(MANIFEST_TYPE, "sha256:" + "a" * 64, 100)
SBOM = Attachment("application/vnd.cyclonedx+json", b'{"a": 1}')
BUNDLE = Attachment("application/vnd.dev.sigstore.bundle.v0.3+json", b"{}", {"about": "x"})


def subject(seed: str) -> Descriptor:
    """The descriptor of an image that needn't exist yet."""
    return Descriptor.of(MANIFEST_TYPE, seed.encode())


@pytest.mark.server
def test_attachments_are_listed_at_the_fallback_tag(plain: StartedRegistry):
    repository, image = plain.repository("team/a:1"), subject("first")
    assert list_referrers(repository, image.digest) == ()
    stored = attach(repository, image, [SBOM, BUNDLE])
    assert list_referrers(repository, image.digest) == stored
    assert [one.artifact_type for one in stored] == [SBOM.artifact_type, BUNDLE.artifact_type]
    assert stored[1].annotations == {"about": "x"}
    assert plain.tags("team/a") == [fallback_tag(image.digest)]
    (found,) = list_referrers(repository, image.digest, BUNDLE.artifact_type)
    assert get_attachment(repository, found, image.digest) == BUNDLE


@pytest.mark.server
def test_the_same_attachments_again_change_nothing(plain: StartedRegistry):
    repository, image = plain.repository("team/b:1"), subject("again")
    attach(repository, image, [SBOM])
    before = get_manifest(repository, fallback_tag(image.digest)).content
    attach(repository, image, [SBOM])
    assert get_manifest(repository, fallback_tag(image.digest)).content == before
    attach(repository, image, [BUNDLE])
    assert len(list_referrers(repository, image.digest)) == 2


@pytest.mark.server
def test_all_of_ours_enter_the_list_in_one_update(plain: StartedRegistry):
    repository, image = plain.repository("team/c:1"), subject("one update")
    attach(repository, image, [Attachment("t/x", b"%d" % n) for n in range(5)])
    tag = fallback_tag(image.digest)
    puts = [path for method, path, _ in plain.requests() if method == "PUT" and tag in path]
    assert len(puts) == 1
    assert len(list_referrers(repository, image.digest)) == 5


@pytest.mark.server
def test_clients_that_attach_at_once_leave_a_readable_list(plain: StartedRegistry):
    image, refused = subject("at once"), list[PackageError]()

    def add(n: int) -> None:
        try:
            attach(plain.repository("team/d:1"), image, [Attachment("t/x", b"%d" % n)])
        except PackageError as error:
            refused.append(error)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert all("other clients replaced it" in error.message for error in refused)
    assert list_referrers(plain.repository("team/d:1"), image.digest)


@pytest.mark.server
def test_a_list_that_never_keeps_ours_is_an_error(plain: StartedRegistry, monkeypatch):
    repository, image = plain.repository("team/e:1"), subject("never")
    monkeypatch.setattr(referrers, "_from_tag", lambda *_: [])
    with pytest.raises(PackageError, match="but other clients replaced it 5 times"):
        attach(repository, image, [SBOM])


@pytest.mark.server
def test_an_entry_without_its_type_is_read_from_the_attachment(plain: StartedRegistry):
    repository, image = plain.repository("team/f:1"), subject("bare")
    attach(repository, image, [BUNDLE])
    tag = fallback_tag(image.digest)
    index = json.loads(get_manifest(repository, tag).content)
    entries = [
        {key: one[key] for key in ("mediaType", "digest", "size")} for one in index["manifests"]
    ]
    put_manifest(repository, json.dumps({**index, "manifests": entries}).encode(), INDEX_TYPE, tag)
    (found,) = list_referrers(repository, image.digest, BUNDLE.artifact_type)
    assert found.annotations == {"about": "x"}


@pytest.mark.server
def test_an_attachment_of_another_image_is_refused(plain: StartedRegistry):
    repository, image = plain.repository("team/g:1"), subject("mine")
    (stored,) = attach(repository, image, [SBOM])
    with pytest.raises(PackageError, match="of another image"):
        get_attachment(repository, stored, subject("theirs").digest)


class ApiScript:
    """A registry with the referrers API: pages of one entry each."""

    def __init__(self, *entries: dict[str, object]) -> None:
        self.entries, self.seen = list(entries), list[str]()

    def __call__(self, asked: StubRequest) -> StubAnswer:
        self.seen.append(f"{asked.method} {asked.path}")
        if "/referrers/" in asked.path:
            page = int(asked.path.partition("page=")[2] or 0)
            headers = {"Content-Type": INDEX_TYPE}
            if page + 1 < len(self.entries):
                headers["Link"] = f'<{asked.path.partition("?")[0]}?page={page + 1}>; rel="next"'
            shown = self.entries[page : page + 1]
            content = json.dumps({"schemaVersion": 2, "manifests": shown}).encode()
            return StubAnswer(200, headers, content)
        if "/manifests/" in asked.path and asked.method == "PUT":
            return StubAnswer(201, {"OCI-Subject": SUBJECT.digest})
        return StubAnswer(404 if "/manifests/" in asked.path else 200)


def at(host: str):
    return open_repository(RegistryReference(host, "m"), write=True, sleep=lambda _: None)


def test_a_registry_that_keeps_the_list_is_not_helped():
    script = ApiScript()
    with stub(script) as found:
        attach(at(found.host), SUBJECT, [SBOM, BUNDLE])
    assert not any(fallback_tag(SUBJECT.digest) in one for one in script.seen)


def test_pages_are_followed_and_filtered_here_too():
    entries = [
        {**Descriptor.of(MANIFEST_TYPE, b"%d" % n).as_json(), "artifactType": f"t/{n % 2}"}
        for n in range(4)
    ]
    with stub(ApiScript(*entries)) as found:
        assert len(list_referrers(at(found.host), SUBJECT.digest)) == 4
        assert len(list_referrers(at(found.host), SUBJECT.digest, "t/1")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        StubAnswer(404),
        StubAnswer(200, {"Content-Type": "text/html"}, b"<html>"),
        StubAnswer(405),
        StubAnswer(200, {"Content-Type": INDEX_TYPE}, b'{"manifests": []}'),
    ],
)
def test_other_answers_lead_to_the_tag(answer: StubAnswer):
    entry = {**Descriptor.of(MANIFEST_TYPE, b"x").as_json(), "artifactType": "t/x"}
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}

    def script(asked: StubRequest) -> StubAnswer:
        if "/referrers/" in asked.path:
            return answer
        if asked.path.endswith(fallback_tag(SUBJECT.digest)):
            return StubAnswer(200, {"Content-Type": INDEX_TYPE}, json.dumps(index).encode())
        return StubAnswer(200)

    with stub(script) as found:
        (one,) = list_referrers(at(found.host), SUBJECT.digest)
    assert one.artifact_type == "t/x"


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_list_that_can_not_be_read_is_not_empty(status: int):
    def script(asked: StubRequest) -> StubAnswer:
        if asked.path == "/v2/":
            return StubAnswer(200)
        return StubAnswer(status, {"WWW-Authenticate": "Basic realm=x"})

    with stub(script) as found, pytest.raises(PackageError):
        list_referrers(at(found.host), SUBJECT.digest)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "expected a list of its attachments"),
        (b'{"manifests": {}}', "no list of manifests"),
        (b'{"manifests": [{"digest": "x"}]}', "expected sha256: and 64 hex digits"),
        (b'{"manifests": [1]}', "no list of manifests"),
    ],
)
def test_a_malformed_list_is_refused(content: bytes, expected: str):
    def script(asked: StubRequest) -> StubAnswer:
        return StubAnswer(200, {"Content-Type": INDEX_TYPE}, content)

    with stub(script) as found, pytest.raises(PackageError) as refused:
        list_referrers(at(found.host), SUBJECT.digest)
    assert expected in refused.value.message


@pytest.mark.slow
def test_pages_without_an_end_are_refused():
    def script(asked: StubRequest) -> StubAnswer:
        headers = {"Content-Type": INDEX_TYPE, "Link": f'<{asked.path}>; rel="next"'}
        return StubAnswer(200, headers, b'{"manifests": []}')

    with stub(script) as found, pytest.raises(PackageError, match="more than 50 pages"):
        list_referrers(at(found.host), SUBJECT.digest)


@pytest.mark.server
def test_an_image_at_the_fallback_tag_is_named(plain: StartedRegistry):
    repository, image = plain.repository("team/h:1"), subject("squatted")
    (stored,) = attach(repository, subject("other"), [SBOM])
    other = find_manifest(repository, stored.descriptor.digest)
    assert other is not None
    put_manifest(repository, other.content, MANIFEST_TYPE, fallback_tag(image.digest))
    with pytest.raises(PackageError, match="got an image at its tag"):
        list_referrers(repository, image.digest)
