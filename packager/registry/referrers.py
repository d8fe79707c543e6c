"""Attachments of an image in a registry: listed, read and stored.

Registries with the referrers API keep the list themselves. For the others the list is an index at
the tag ``sha256-<hex>``, which the client updates (distribution-spec 1.1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from packager.digest import canonical_json
from packager.errors import PackageError
from packager.registry.attachments import (
    EMPTY,
    EMPTY_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    Attachment,
    Descriptor,
)
from packager.registry.blobs import OutgoingBlob, blob_content, put_blob
from packager.registry.manifests import (
    MAX_MANIFEST,
    FetchedManifest,
    MalformedManifestError,
    find_manifest,
    put_manifest,
    read_descriptor,
)
from packager.registry.repository import RegistryRepository

UPDATES = 5
"""Attempts to write a list that others write, too."""
MAX_PAGES = 50
MAX_REFERRERS = 5_000
MAX_ATTACHMENT = 64 << 20
"""Bytes of an attached document."""


class MalformedAttachmentError(PackageError):
    """An attachment of an image, or its entry in the list, does not follow the specification."""


@dataclass(frozen=True)
class Referrer:
    """An entry in the list of what is attached to an image; not verified before it is read."""

    descriptor: Descriptor
    artifact_type: str
    annotations: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The entry of an index."""
        entry = {**self.descriptor.as_json(), "artifactType": self.artifact_type}
        return {**entry, "annotations": dict(self.annotations)} if self.annotations else entry


def fallback_tag(digest: str) -> str:
    """The tag whose index lists what is attached to the manifest ``digest``."""
    return digest.replace(":", "-")


def list_referrers(
    repository: RegistryRepository,
    subject: str,
    artifact_type: str | None = None,
    skip: Callable[[str], None] | None = None,
) -> tuple[Referrer, ...]:
    """The attachments of the manifest with the digest ``subject``, in the registry's order.

    ``artifact_type``: only attachments of this media type. ``skip`` is told why a malformed entry
    is passed over; without it such an entry raises ``PackageError``.
    """
    entries = _from_api(repository, subject, artifact_type)
    if not entries:  # no API, or attached by a client before the registry had it
        entries = _from_tag(repository, subject)
    if len(entries) > MAX_REFERRERS:
        raise _malformed(repository, subject, f"{len(entries):,} attachments")
    referrers = []
    for entry in entries:
        try:
            referrers.append(_read_entry(repository, entry))
        except (
            *(ValueError, TypeError, AttributeError, KeyError),
            MalformedManifestError,
        ) as error:
            malformed = _malformed(repository, subject, str(error))
            if skip is None:
                raise malformed from error
            skip(malformed.message)
    return tuple(one for one in referrers if artifact_type in (None, one.artifact_type))


def get_attachment(
    repository: RegistryRepository, referrer: Referrer, subject: str, most: int = MAX_ATTACHMENT
) -> Attachment:
    """Read an attachment of the manifest with the digest ``subject``, verified by its digests.

    Raises ``MalformedAttachmentError`` if it is attached to something else or isn't a single
    document of at most ``most`` bytes.
    """
    try:
        manifest = _attached_manifest(repository, referrer.descriptor.digest)
    except (ValueError, MalformedManifestError) as error:
        raise _malformed(repository, subject, str(error)) from error
    attached_to = manifest.document.get("subject")
    if not isinstance(attached_to, Mapping) or attached_to.get("digest") != subject:
        raise _malformed(repository, subject, f"{referrer.descriptor.digest}, of another image")
    try:
        layers, kind = manifest.layers, _artifact_type(manifest.document)
    except (ValueError, TypeError, KeyError) as error:
        raise _malformed(repository, subject, str(error)) from error
    if len(layers) != 1:
        raise _malformed(repository, subject, f"{len(layers)} documents in one attachment")
    if layers[0].size > most:
        raise _malformed(repository, subject, f"a document of {layers[0].size:,} bytes")
    content = blob_content(repository, layers[0], most)
    annotations = manifest.document.get("annotations") or {}
    return Attachment(kind, content, annotations)


def attach(
    repository: RegistryRepository, subject: Descriptor, attachments: Sequence[Attachment]
) -> tuple[Referrer, ...]:
    """Store ``attachments`` of the image ``subject``; returns their entries in the list.

    All of them enter the list in one update. Storing the same ones again changes nothing. Raises
    ``PackageError`` if other clients' updates removed ours five times.
    """
    listed_by_us = []
    for attachment in attachments:
        content = attachment.manifest(subject)
        put_blob(repository, OutgoingBlob.of("attachment's config", EMPTY_TYPE, EMPTY))
        put_blob(
            repository,
            OutgoingBlob.of("attachment", attachment.artifact_type, attachment.content),
        )
        answer = put_manifest(repository, content, MANIFEST_TYPE)
        entry = Referrer(
            Descriptor.of(MANIFEST_TYPE, content),
            attachment.artifact_type,
            dict(attachment.annotations),
        )
        listed_by_us.append((entry, answer.headers.get("OCI-Subject") != subject.digest))
    ours = [entry for entry, to_list in listed_by_us if to_list]
    if ours:
        _update_tag(repository, subject.digest, ours)
    return tuple(entry for entry, _ in listed_by_us)


def _update_tag(repository: RegistryRepository, subject: str, ours: Sequence[Referrer]) -> None:
    """Add entries to the list at the fallback tag, and read it back."""
    names = {entry.descriptor.digest for entry in ours}
    for turn in range(UPDATES):
        there = _from_tag(repository, subject)
        if names <= {entry.get("digest") for entry in there}:
            return
        others = [entry for entry in there if entry.get("digest") not in names]
        entries = [*others, *(entry.as_json() for entry in ours)]
        index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
        put_manifest(repository, canonical_json(index), INDEX_TYPE, fallback_tag(subject))
        if names <= {entry.get("digest") for entry in _from_tag(repository, subject)}:
            return
        repository.session.wait(turn)
    raise PackageError(
        f"{repository}:{fallback_tag(subject)}: expected the list of attachments to have ours, "
        f"but other clients replaced it {UPDATES} times",
        "push again when no other client attaches to the same image",
    )


def _from_api(
    repository: RegistryRepository, subject: str, artifact_type: str | None
) -> list[Mapping[str, Any]]:
    """Entries by the referrers API; empty if the registry has none."""
    query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
    path = f"referrers/{subject}{query}"
    entries: list[Mapping[str, Any]] = []
    for _ in range(MAX_PAGES):
        answer = repository.request("GET", path, headers={"Accept": INDEX_TYPE}, limit=MAX_MANIFEST)
        if answer.status in (401, 403, 429) or answer.status >= 500:
            raise repository.refusal(f"list the attachments of {subject}", answer)
        # Proxies and old registries answer pages of HTML, with any status.
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        if answer.status != 200 or kind != INDEX_TYPE:
            return entries
        try:
            entries += _manifests(json.loads(answer.content))
        except (ValueError, RecursionError) as error:
            raise _malformed(repository, subject, str(error)) from error
        following = _next_page(answer.url, answer.headers.get("Link", ""))
        if following is None:
            return entries
        path = following
    raise _malformed(repository, subject, f"more than {MAX_PAGES} pages")


def _next_page(url: str, link: str) -> str | None:
    """The address in ``<address>; rel="next"``."""
    address, _, relation = link.partition(">")
    if not address.startswith("<") or "next" not in relation:
        return None
    return urljoin(url, address[1:])


def _from_tag(repository: RegistryRepository, subject: str) -> list[Mapping[str, Any]]:
    """Entries of the list at the fallback tag; empty if there is none."""
    manifest = find_manifest(repository, fallback_tag(subject))
    if manifest is None:
        return []
    if not manifest.is_index:
        raise _malformed(repository, subject, "an image at its tag")
    try:
        return _manifests(manifest.document)
    except ValueError as error:
        raise _malformed(repository, subject, str(error)) from error


def _manifests(document: Any) -> list[Mapping[str, Any]]:
    manifests = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(manifests, list) or not all(isinstance(one, dict) for one in manifests):
        raise ValueError("no list of manifests")
    return manifests


def _read_entry(repository: RegistryRepository, entry: Mapping[str, Any]) -> Referrer:
    descriptor = read_descriptor(entry)
    kind, annotations = entry.get("artifactType"), entry.get("annotations")
    if not kind:  # written by a client that copies neither type nor annotations
        document = _attached_manifest(repository, descriptor.digest).document
        kind, annotations = _artifact_type(document), document.get("annotations")
    annotations = annotations or {}
    if not isinstance(kind, str) or not isinstance(annotations, dict):
        raise ValueError("expected a media type, and annotations by name")
    return Referrer(descriptor, kind, {str(key): str(annotations[key]) for key in annotations})


def _attached_manifest(repository: RegistryRepository, digest: str) -> FetchedManifest:
    """The manifest of an entry, which anybody may have listed; ``ValueError`` if there is none."""
    manifest = find_manifest(repository, digest)
    if manifest is None:
        raise ValueError(f"{digest}, which is not there")
    return manifest


def _artifact_type(document: Mapping[str, Any]) -> str:
    return str(document.get("artifactType") or document["config"]["mediaType"])


def _malformed(repository: RegistryRepository, subject: str, got: str) -> MalformedAttachmentError:
    return MalformedAttachmentError(
        f"{repository}@{subject}: expected a list of its attachments, got {got}",
        f"look at the tag {fallback_tag(subject)}, which any client may have written",
    )
