"""Blobs of a repository: held, mounted, sent whole or in chunks, read and verified."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Literal
from urllib.parse import urlencode, urljoin, urlsplit

from packager.errors import PackageError
from packager.registry.attachments import Descriptor
from packager.registry.repository import RegistryRepository
from packager.registry.session import REPEATED, TRIES
from packager.registry.transport import BrokenTransferError, RegistryAnswer
from packager.tar_reader import Window

WHOLE_LIMIT = 100 * 10**6
"""Bytes of a blob that is sent in one request; larger ones can be resumed."""
CHUNK_SIZE = 32 << 20
"""Bytes of a chunk, unless the registry wants larger ones."""
MIN_CHUNK_SIZE, MAX_CHUNK_SIZE = 1 << 18, 1 << 30
"""Limits of what a proxy and a registry may make of it."""
PROGRESS = 1 << 20
"""Bytes that must arrive before a broken download counts as a new one."""
OCTETS = {"Content-Type": "application/octet-stream"}

Sent = Literal["held", "mounted", "sent"]


@dataclass(frozen=True)
class OutgoingBlob:
    """A blob to be sent."""

    descriptor: Descriptor
    name: str
    """For people: the name of a layer."""
    open: Callable[[], IO[bytes]]
    """Its content as a seekable file, each time from the start."""

    @classmethod
    def of(cls, name: str, media_type: str, content: bytes) -> OutgoingBlob:
        """A small blob from memory."""
        return cls(Descriptor.of(media_type, content), name, lambda: io.BytesIO(content))


def has_blob(repository: RegistryRepository, digest: str) -> bool:
    """Whether the repository has the blob."""
    answer = repository.request("HEAD", f"blobs/{digest}")
    if answer.status not in (200, 404):
        raise repository.refusal(f"look for blob {digest}", answer)
    return answer.status == 200


def put_blob(
    repository: RegistryRepository,
    blob: OutgoingBlob,
    mount_from: str | None = None,
    whole_limit: int = WHOLE_LIMIT,
) -> Sent:
    """Make sure that the repository has ``blob``; says how.

    ``mount_from``: a repository of this registry that may have it. Blobs over ``whole_limit``
    bytes go in chunks, as do those that a proxy finds too large. Raises ``PackageError`` if the
    registry refuses it, or after five attempts.
    """
    digest, size = blob.descriptor.digest, blob.descriptor.size
    if has_blob(repository, digest):
        return "held"
    chunk = CHUNK_SIZE if size > whole_limit else 0
    for turn in range(TRIES):
        last = turn + 1 == TRIES
        start = _started(repository, digest, mount_from)
        if start is None:
            return "mounted"
        try:
            if chunk:
                answer = _send_chunks(repository, start, blob, chunk)
            else:
                answer = _send_at_once(repository, start, blob)
        except BrokenTransferError as error:
            if last:
                raise repository.session.unreachable(error) from error
            pause = 0.0
        else:
            if answer.status == 201:
                return "sent"
            before, chunk = chunk, _next_chunk(answer.status, chunk, size)
            if last or (chunk == before and answer.status not in (404, 416, *REPEATED)):
                raise repository.refusal(f"store {blob.name} ({digest})", answer)
            pause = answer.wait
        repository.session.wait(turn, pause)
        if has_blob(repository, digest):  # only the answer was lost
            return "sent"
    raise AssertionError("the last turn returns or raises")


def _next_chunk(status: int, chunk: int, size: int) -> int:
    """The size of chunks after an answer to chunks of ``chunk`` bytes; 0 is a whole blob.

    Proxies refuse what is too large for them (413), some registries refuse any chunk.
    """
    if status == 413:
        return max(MIN_CHUNK_SIZE, min(CHUNK_SIZE, (chunk or size) // 8))
    return 0 if status in (400, 405, 411, 501) else chunk


def _started(
    repository: RegistryRepository, digest: str, mount_from: str | None
) -> RegistryAnswer | None:
    """The answer that begins an upload; None if the blob was mounted instead."""
    path, also = "blobs/uploads/", tuple[str, ...]()
    if mount_from and mount_from != repository.name:
        path += "?" + urlencode({"mount": digest, "from": mount_from})
        also = (f"repository:{mount_from}:pull",)
    answer = repository.request("POST", path, headers={"Content-Length": "0"}, also=also)
    if also and answer.status in (401, 403, 404):  # the other repository is not ours to read
        return _started(repository, digest, None)
    if answer.status == 201:
        return None
    if answer.status != 202:
        raise repository.refusal("push", answer)
    return answer


def _location(answer: RegistryAnswer) -> str:
    """The address at which an upload continues: the one of the last answer, never our own."""
    location = answer.headers.get("Location")
    if not location:
        raise PackageError(
            f"{urlsplit(answer.url).netloc}: expected a Location for the upload, got none",
            "ask who runs the registry",
        )
    return urljoin(answer.url, location)


def _finished(location: str, digest: str) -> str:
    joint = "&" if urlsplit(location).query else "?"
    return f"{location}{joint}{urlencode({'digest': digest})}"


def _send_at_once(
    repository: RegistryRepository, start: RegistryAnswer, blob: OutgoingBlob
) -> RegistryAnswer:
    url = _finished(_location(start), blob.descriptor.digest)
    return repository.request("PUT", url, body=blob.open, headers=OCTETS)


def _send_chunks(
    repository: RegistryRepository, start: RegistryAnswer, blob: OutgoingBlob, chunk: int
) -> RegistryAnswer:
    """Send in chunks; returns the answer to the last request, or the first that went wrong."""
    size, at, failures = blob.descriptor.size, 0, 0
    chunk = _chunk_size(start, chunk)
    location = _location(start)
    while at < size:
        count = min(chunk, size - at)
        headers = {"Content-Range": f"{at}-{at + count - 1}"}
        answer: RegistryAnswer | None = None
        try:
            answer = repository.request(
                "PATCH",
                location,
                body=lambda at=at, count=count: Window(blob.open(), at, count),  # type: ignore[misc]
                headers=OCTETS | headers,
            )
        except BrokenTransferError:
            if failures >= TRIES:
                raise
        if answer is not None and answer.status == 202:
            location, at = _location(answer), _arrived(answer, at + count)
            continue
        failures += 1
        if answer is not None and (answer.status not in (416, *REPEATED) or failures > TRIES):
            return answer
        repository.session.wait(failures, answer.wait if answer else 0.0)
        progress = repository.request("GET", location)  # how far did it get?
        if progress.status != 204:  # some registries forget an upload that was cut within a chunk
            return progress
        location, at = _location(progress), _arrived(progress, at)
    done = _finished(location, blob.descriptor.digest)
    return repository.request("PUT", done, headers={"Content-Length": "0"})


def _chunk_size(start: RegistryAnswer, chunk: int) -> int:
    """``chunk``, or the least that the registry accepts."""
    header = start.headers.get("OCI-Chunk-Min-Length", "")
    least = int(header[:12]) if header.isdecimal() else 0
    return min(max(chunk, least), MAX_CHUNK_SIZE)


def _arrived(answer: RegistryAnswer, otherwise: int) -> int:
    """Bytes that have arrived, by the header Range: ``0-LAST``."""
    last = answer.headers.get("Range", "").removeprefix("bytes=").rpartition("-")[2]
    if not last.isdecimal():
        return otherwise
    # A registry without a byte says 0-0, like one with a single byte; ours are never that small.
    return 0 if last == "0" else int(last[:15]) + 1


def read_blob(
    repository: RegistryRepository, descriptor: Descriptor, start: int = 0
) -> Iterator[bytes]:
    """The blob's bytes from ``start``, in chunks of at most 1 MiB; resumed if a connection breaks.

    Read from the start, the bytes are verified: raises ``PackageError`` at the end if size or
    digest differ from ``descriptor``, so use nothing before the end. Never yields more than its
    size.
    """
    digest, at, failures = hashlib.sha256(), start, 0
    while at < descriptor.size or (at == 0 and failures == 0):
        before = at
        try:
            for chunk in _from(repository, descriptor, at):
                digest.update(chunk)
                at += len(chunk)
                yield chunk
            if at >= descriptor.size:
                break
            raise BrokenTransferError(EOFError(f"{at:,} of {descriptor.size:,} bytes arrived"))
        except BrokenTransferError as error:
            failures = 1 if at - before >= PROGRESS else failures + 1
            if failures >= TRIES:
                raise repository.session.unreachable(error) from error
        repository.session.wait(failures)
    if start == 0 and f"sha256:{digest.hexdigest()}" != descriptor.digest:
        raise other_bytes(repository, descriptor, f"sha256:{digest.hexdigest()}")


def _from(repository: RegistryRepository, descriptor: Descriptor, at: int) -> Iterator[bytes]:
    """The content of one answer, from byte ``at`` of the blob."""
    headers = {"Range": f"bytes={at}-"} if at else {}
    with repository.stream(f"blobs/{descriptor.digest}", headers) as (answer, chunks):
        if answer.status not in (200, 206):
            raise repository.refusal(f"read blob {descriptor.digest}", answer)
        skipped = 0 if answer.status == 206 else at
        if answer.status == 206:
            header = answer.headers.get("Content-Range", "")
            if not header.startswith(f"bytes {at}-"):
                raise other_bytes(repository, descriptor, f"the range {header[:60]!r}")
        position = at - skipped
        for chunk in chunks:
            position += len(chunk)
            if position > descriptor.size:
                raise other_bytes(repository, descriptor, f"more than {descriptor.size:,} bytes")
            rest = chunk[min(skipped, len(chunk)) :]
            skipped -= len(chunk) - len(rest)
            if rest:
                yield rest


def blob_content(repository: RegistryRepository, descriptor: Descriptor, limit: int) -> bytes:
    """A small blob, verified; raises ``PackageError`` if it has more than ``limit`` bytes."""
    if not 0 <= descriptor.size <= limit:
        raise PackageError(
            f"{repository}: blob {descriptor.digest}: expected at most {limit:,} bytes, "
            f"got {descriptor.size:,}",
            "this is no package, or it was changed after it was built",
        )
    return b"".join(read_blob(repository, descriptor))


def other_bytes(repository: RegistryRepository, descriptor: Descriptor, got: str) -> PackageError:
    """The error for a blob whose bytes are not those that its descriptor names."""
    return PackageError(
        f"{repository}: blob {descriptor.digest}: expected {descriptor.size:,} bytes of that "
        f"digest, got {got}",
        "the registry's copy is damaged or was changed: push it again from where it was built, "
        "after the registry has removed its copy",
    )
