"""Blobs at a real registry, behind a proxy that cuts, and at scripted ones."""

from __future__ import annotations

import os
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from registries import StartedRegistry
from registry_stubs import StubAnswer, StubRequest, cutting_proxy, stub

from packager.errors import PackageError
from packager.registry import blobs
from packager.registry.attachments import Descriptor
from packager.registry.blobs import OutgoingBlob, blob_content, has_blob, put_blob, read_blob
from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository, open_repository

OCTETS = "application/octet-stream"


def random_blob(size: int = 300_000) -> OutgoingBlob:
    return OutgoingBlob.of("weights", OCTETS, os.urandom(size))


def content(blob: OutgoingBlob) -> bytes:
    return blob.open().read()


def at(host: str) -> RegistryRepository:
    """A repository whose repetitions don't wait."""
    return open_repository(RegistryReference(host, "m"), write=True, sleep=lambda _: None)


@pytest.mark.server
@pytest.mark.parametrize("whole_limit", [10**9, 10])
def test_a_blob_is_sent_once_and_read_back(plain: StartedRegistry, whole_limit: int, monkeypatch):
    monkeypatch.setattr(blobs, "CHUNK_SIZE", 100_000)
    repository, blob = plain.repository("team/a:1"), random_blob()
    assert not has_blob(repository, blob.descriptor.digest)
    assert put_blob(repository, blob, whole_limit=whole_limit) == "sent"
    assert put_blob(repository, blob, whole_limit=whole_limit) == "held"
    assert b"".join(read_blob(repository, blob.descriptor)) == content(blob)
    assert b"".join(read_blob(repository, blob.descriptor, 1_000)) == content(blob)[1_000:]
    methods = [method for method, path, _ in plain.requests() if "uploads" in path]
    assert methods.count("PATCH") % 3 == 0


@pytest.mark.server
def test_an_empty_blob_is_sent_and_read(plain: StartedRegistry):
    repository, blob = plain.repository("team/a:1"), OutgoingBlob.of("empty", OCTETS, b"")
    put_blob(repository, blob)
    assert b"".join(read_blob(repository, blob.descriptor)) == b""


@pytest.mark.server
def test_a_blob_of_another_repository_is_mounted(plain: StartedRegistry):
    blob = random_blob()
    put_blob(plain.repository("team/a:1"), blob)
    assert put_blob(plain.repository("team/b:1"), blob, "team/a") == "mounted"
    other = random_blob()
    assert put_blob(plain.repository("team/b:1"), other, "team/a") == "sent"
    assert put_blob(plain.repository("team/c:1"), blob, "team/none") == "sent"


@pytest.mark.server
@pytest.mark.parametrize("whole_limit", [10**9, 10])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_connection_is_made_good(plain, whole_limit: int, share: float, monkeypatch):
    monkeypatch.setattr(blobs, "CHUNK_SIZE", 400_000)
    blob = random_blob(1_500_000)
    with cutting_proxy(plain.host) as proxy:
        repository = at(proxy.host)
        has_blob(repository, blob.descriptor.digest)  # the proxy lets the first request pass

        def restored(turn: int, _: float = 0.0) -> None:
            proxy.left = float("inf")

        monkeypatch.setattr(repository.session, "wait", restored)
        proxy.left = share * 1_500_000
        assert put_blob(repository, blob, whole_limit=whole_limit) == "sent"
    assert b"".join(read_blob(at(plain.host), blob.descriptor)) == content(blob)


@pytest.mark.server
def test_a_connection_that_stays_cut_ends_with_an_error(plain: StartedRegistry):
    with cutting_proxy(plain.host) as proxy:
        repository, blob = at(proxy.host), random_blob()
        has_blob(repository, blob.descriptor.digest)
        proxy.left = 100_000
        with pytest.raises(PackageError, match="no answer from the registry"):
            put_blob(repository, blob)
    assert not has_blob(at(plain.host), blob.descriptor.digest)


@pytest.mark.server
@pytest.mark.parametrize("damage", ["flipped", "truncated", "longer"])
def test_a_blob_damaged_on_the_registrys_disk_is_refused(plain: StartedRegistry, damage: str):
    repository, blob = plain.repository("team/a:1"), random_blob()
    put_blob(repository, blob)
    path = plain.blob(blob.descriptor.digest)
    found = bytearray(path.read_bytes())
    if damage == "flipped":
        found[150_000] ^= 1
    path.write_bytes({"truncated": found[:-1], "longer": found + b"x"}.get(damage, found))
    fresh = plain.repository("team/a:1")
    with pytest.raises(PackageError) as refused:
        b"".join(read_blob(fresh, blob.descriptor))
    words = {"truncated": "no answer from the registry", "longer": "more than 300,000 bytes"}
    assert words.get(damage, "got sha256:") in refused.value.message


@pytest.mark.server
def test_a_blob_that_is_not_there_is_named(plain: StartedRegistry):
    blob = random_blob()
    with pytest.raises(PackageError, match=f"can't read blob {blob.descriptor.digest}"):
        b"".join(read_blob(plain.repository("team/a:1"), blob.descriptor))


@pytest.mark.server
def test_wrong_bytes_are_refused_by_the_registry(plain: StartedRegistry):
    blob = replace(random_blob(), descriptor=random_blob().descriptor)
    with pytest.raises(PackageError, match="refused to store weights"):
        put_blob(plain.repository("team/a:1"), blob)


class UploadScript:
    """A registry that stores what is sent, with the failures of a test."""

    def __init__(self, *failures: tuple[str, int]) -> None:
        self.failures, self.received, self.stored = list(failures), b"", b""
        self.seen: list[str] = []

    def __call__(self, asked: StubRequest) -> StubAnswer:
        self.seen.append(asked.method)
        if asked.path == "/v2/":
            return StubAnswer(200)
        if self.failures and self.failures[0][0] == asked.method:
            return StubAnswer(self.failures.pop(0)[1])
        place = {"Location": "/v2/m/blobs/uploads/1?state=a%2Fb"}
        if asked.method == "HEAD":
            return StubAnswer(200 if self.stored else 404)
        if asked.method == "POST":
            self.received = b""
            return StubAnswer(202, place)
        assert parse_qs(urlsplit(asked.path).query)["state"] == ["a/b"]
        if asked.method == "PATCH":
            assert asked.headers["Content-Range"].startswith(f"{len(self.received)}-")
            self.received += asked.body
        last = {"Range": f"0-{max(0, len(self.received) - 1)}"}
        if asked.method == "PUT":
            self.stored = self.received + asked.body
            return StubAnswer(201)
        return StubAnswer(204 if asked.method == "GET" else 202, place | last)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("whole_limit", "failures", "expected"),
    [
        (10**9, [("PUT", 503)], "HEAD POST PUT HEAD POST PUT"),
        (10**9, [("PUT", 413)], "HEAD POST PUT HEAD POST PATCH PATCH PATCH PATCH PATCH PUT"),
        (10, [("PATCH", 405)], "HEAD POST PATCH HEAD POST PUT"),
        (10, [("PATCH", 400)], "HEAD POST PATCH HEAD POST PUT"),
        (10, [("PATCH", 413)], "HEAD POST PATCH HEAD POST PATCH PATCH PATCH PATCH PATCH PUT"),
        (10, [("PATCH", 416)], "HEAD POST PATCH GET PATCH PATCH PATCH PUT"),
        (
            10,
            [("PATCH", 500)] * 2,
            "HEAD POST PATCH GET PATCH GET PATCH PATCH PATCH PUT",
        ),
        (10, [("PATCH", 500), ("GET", 404)], "HEAD POST PATCH GET HEAD POST PATCH PATCH PATCH PUT"),
        (10, [("PUT", 404)], "HEAD POST PATCH PATCH PATCH PUT HEAD POST PATCH PATCH PATCH PUT"),
    ],
)
def test_an_upload_goes_on_after_a_failure(whole_limit, failures, expected, monkeypatch):
    monkeypatch.setattr(blobs, "CHUNK_SIZE", 100_000)
    monkeypatch.setattr(blobs, "MIN_CHUNK_SIZE", 60_000)
    script, blob = UploadScript(*failures), random_blob()
    with stub(script) as found:
        assert put_blob(at(found.host), blob, whole_limit=whole_limit) == "sent"
    assert script.stored == content(blob)
    assert " ".join(script.seen[1:]).removeprefix("GET ") == expected


@pytest.mark.parametrize("status", [400, 401, 403, 507])
def test_a_refusal_is_not_repeated(status: int):
    script = UploadScript(("PUT", status))
    with stub(script) as found, pytest.raises(PackageError):
        put_blob(at(found.host), random_blob())
    assert script.seen.count("PUT") <= 2


def test_the_least_size_of_a_chunk_is_kept(monkeypatch):
    monkeypatch.setattr(blobs, "CHUNK_SIZE", 100_000)
    script = UploadScript()

    def wide(asked: StubRequest) -> StubAnswer:
        answer = script(asked)
        if asked.method == "POST":
            answer.headers["OCI-Chunk-Min-Length"] = "200000"
        return answer

    with stub(wide) as found:
        put_blob(at(found.host), random_blob(), whole_limit=10)
    assert script.seen.count("PATCH") == 2


def test_an_upload_without_a_location_is_refused():
    def script(asked: StubRequest) -> StubAnswer:
        return StubAnswer({"POST": 202, "HEAD": 404}.get(asked.method, 200))

    with stub(script) as found, pytest.raises(PackageError, match="expected a Location"):
        put_blob(at(found.host), random_blob())


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_ended(ranges: bool):
    blob = random_blob()
    whole, cuts = content(blob), [100_000, 50_000 if ranges else 250_000, None]

    def script(asked: StubRequest) -> StubAnswer:
        if asked.path == "/v2/":
            return StubAnswer(200)
        told = asked.headers.get("Range", "")
        if not (ranges and told):
            return StubAnswer(
                200,
                content=whole,
                cut_at=cuts.pop(0),
            )
        start = int(told.removeprefix("bytes=").rstrip("-"))
        place = {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"}
        return StubAnswer(206, place, whole[start:], cut_at=cuts.pop(0))

    with stub(script) as found:
        assert b"".join(read_blob(at(found.host), blob.descriptor)) == whole


def test_a_range_that_was_not_asked_for_is_refused():
    blob = random_blob()

    def script(asked: StubRequest) -> StubAnswer:
        if asked.path == "/v2/":
            return StubAnswer(200)
        if "Range" in asked.headers:
            return StubAnswer(206, {"Content-Range": "bytes 0-299999/300000"}, content(blob))
        return StubAnswer(200, content=content(blob), cut_at=100_000)

    with stub(script) as found, pytest.raises(PackageError, match="got the range 'bytes 0-"):
        b"".join(read_blob(at(found.host), blob.descriptor))


def test_no_more_than_the_size_is_read():
    blob, got = random_blob(), list[bytes]()
    wanted = Descriptor(OCTETS, blob.descriptor.digest, 1_000)

    def script(asked: StubRequest) -> StubAnswer:
        return StubAnswer(200, content=b"" if asked.path == "/v2/" else content(blob))

    with stub(script) as found, pytest.raises(PackageError, match="got more than 1,000 bytes"):
        got.extend(read_blob(at(found.host), wanted))
    assert len(b"".join(got)) <= 1_000


@pytest.mark.slow
def test_a_small_blob_is_bounded_before_it_is_asked_for():
    with stub(lambda _: StubAnswer(200)) as found:
        with pytest.raises(PackageError, match="expected at most 100 bytes, got 300,000"):
            blob_content(at(found.host), random_blob().descriptor, 100)
        assert found.requests == []
