"""The store of bundles: beside the image in a folder or registry, else in the cache and files.

They are never in the image: signing must not change what is signed. An engine keeps no documents
beside its images, so the cache holds theirs, by the config digest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packager.cache import atomic_file, cache_directory, writing
from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError, UsageError
from packager.image.documents import bounded
from packager.image.oci_folder import stored_blob, stored_descriptor, stored_manifests
from packager.image.reference import Reference
from packager.model.dsse import BUNDLE_TYPE, MAX_BUNDLE
from packager.registry.attachments import EMPTY, MANIFEST_TYPE, Descriptor
from packager.trust.attached import attachments, bills
from packager.trust.envelope import as_lines
from packager.trust.facts import index_of
from packager.trust.keys import PrivateKey
from packager.trust.registry_store import (
    MAX_BUNDLES,
    Skip,
    attach_bundles,
    check_total,
    registry_bundles,
)


def stored_bundles(reference: Reference, more: Path | None, skip: Skip) -> list[bytes]:
    """The bundles of an image: those of ``more``, of its folder, and of the cache.

    ``skip`` is told why an attachment is passed over: whoever may write beside an image could
    block it otherwise. Raises ``PackageError`` if a place can't be read.
    """
    bundles = [] if more is None else read_lines(more)
    if reference.folder is not None:
        for digest in subjects_of(reference):
            bundles += _in_folder(reference.folder, digest, skip)
    if reference.source:
        location = reference.source.rpartition("@")[0]
        for digest in subjects_of(reference):
            bundles += registry_bundles(f"{location}@{digest}", skip)
    cached = _cached(reference.config_digest)
    if cached.is_file():
        bundles += read_lines(cached)
    unique = list(dict.fromkeys(bundles))
    if len(unique) > MAX_BUNDLES:
        raise PackageError(
            f"{reference.name}: expected at most {MAX_BUNDLES} signed statements, got more",
            "copy the image without its signatures, and sign it again",
        )
    return unique


def subjects_of(reference: Reference) -> list[str]:
    """Digests of what the signatures of a stored image are attached to: itself, and its index."""
    index = index_of(reference)
    digests = [reference.stored_digest, index.descriptor.digest if index else None]
    return [digest for digest in digests if digest is not None]


def keep_index_bundles(reference: Reference, bundles: Sequence[bytes], key: PrivateKey) -> None:
    """Keep ``bundles`` about the index that led to an image, beside it."""
    index = index_of(reference)
    assert index is not None
    if reference.source:
        location = reference.source.rpartition("@")[0]
        attach_bundles(f"{location}@{index.descriptor.digest}", bundles, key)
    elif reference.folder is not None:
        attach_to_folder(reference.folder, index.descriptor.digest, bundles, key.public.key_id)


def keep_bundles(reference: Reference, bundles: Sequence[bytes], key: PrivateKey) -> str:
    """Keep ``bundles`` with the image, in place of earlier ones of ``key``; returns where.

    A registry keeps the earlier ones too.
    """
    replaced = key.public.key_id
    if reference.source:
        attach_bundles(reference.source, bundles, key)
        return reference.source
    if reference.folder is not None:
        attach_to_folder(reference.folder, reference.stored_digest or "", bundles, replaced)
        return str(reference.folder)
    path = _cached(reference.config_digest)
    before = read_lines(path) if path.is_file() else []
    others = [one for one in before if hinted_key(one) != replaced]
    write_lines(path, [*others, *bundles])
    return f"the cache, as {path}"


def write_lines(path: Path, bundles: Sequence[bytes]) -> None:
    """Write ``bundles`` to a file, one in a line."""
    with atomic_file(path) as file:
        file.write_bytes(as_lines(bundles))


def read_lines(path: Path) -> list[bytes]:
    """The bundles of a ``.sigstore.jsonl`` file; raises ``UsageError`` if it can't be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BUNDLE + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: can't be read: {error.strerror}",
            "name the file that `package sign --output` wrote",
        ) from error
    if len(content) > MAX_BUNDLE:
        raise UsageError(f"{path}: expected at most {MAX_BUNDLE:,} bytes", "name another file")
    return [line for line in content.splitlines() if line.strip()]


def hinted_key(bundle: bytes) -> str:
    """The key that a bundle says it was signed by, to tidy only: anybody can write it."""
    try:
        document: Any = json.loads(bounded(bundle))
        return str(document["verificationMaterial"]["publicKey"]["hint"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _cached(config_digest: str) -> Path:
    hexadecimal = config_digest.removeprefix("sha256:")
    return cache_directory("signatures") / f"{hexadecimal}.sigstore.jsonl"


def _in_folder(folder: Path, digest: str | None, skip: Skip) -> list[bytes]:
    try:
        manifests = [one for _, one in stored_manifests(folder) if _is_bundle_of(one, digest)]
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PackageError(
            f"{folder}: the signatures can't be read: {type(error).__name__}: {error}",
            "copy the folder again, or sign it again",
        ) from error
    bundles, total = [], 0
    for manifest in manifests[: MAX_BUNDLES + 1]:
        bundle = _bundle(folder, manifest)
        if isinstance(bundle, str):
            skip(bundle)
            continue
        bundles.append(bundle)
        total += len(bundle)
        check_total(str(folder), total)
    return bundles


def _bundle(folder: Path, manifest: dict[str, Any]) -> bytes | str:
    """The bundle that ``manifest`` attaches, or why it can't be read."""
    try:
        (layer,) = manifest["layers"]
        return stored_blob(folder, layer["digest"], MAX_BUNDLE)
    except (OSError, KeyError, TypeError, ValueError) as error:
        return f"an attachment: {type(error).__name__}: {error}"


def _is_bundle_of(manifest: dict[str, Any], digest: str | None) -> bool:
    subject = manifest.get("subject")
    return (
        isinstance(subject, dict)
        and subject.get("digest") == digest
        and manifest.get("artifactType") == BUNDLE_TYPE
    )


def attach_to_folder(folder: Path, digest: str, bundles: Sequence[bytes], replaced: str) -> None:
    """Attach ``bundles`` to the manifest ``digest`` in an OCI folder, blobs first.

    They take the place of those that hint at the key ``replaced``.
    """
    subject = stored_descriptor(folder, digest)
    entries = []
    gone: list[bytes] = []
    others: list[bytes] = []
    for entry, manifest in stored_manifests(folder):
        # One that can't be read stays: nobody knows whose it is.
        bundle = _bundle(folder, manifest) if _is_bundle_of(manifest, digest) else ""
        if isinstance(bundle, bytes):
            if hinted_key(bundle) == replaced:
                gone.append(bundle)
                continue
            others.append(bundle)
        entries.append(entry)
    entries = _without_bills(entries, subject, gone, others)
    for attachment in attachments(bundles):
        encoded = attachment.manifest(subject)
        if any(entry["digest"] == f"sha256:{sha256_bytes(encoded)}" for entry in entries):
            continue  # the bill that another key signed, too
        for content in (attachment.content, EMPTY, encoded):
            with atomic_file(folder / "blobs" / "sha256" / sha256_bytes(content)) as file:
                file.write_bytes(content)
        described = Descriptor.of(MANIFEST_TYPE, encoded).as_json()
        more = {
            "artifactType": attachment.artifact_type,
            "annotations": dict(attachment.annotations),
        }
        entries.append({**described, **more})
    index = json.loads((folder / "index.json").read_bytes())
    with writing(folder), atomic_file(folder / "index.json") as file:
        file.write_bytes(canonical_json({**index, "manifests": entries}))


def _without_bills(
    entries: Sequence[dict[str, Any]],
    subject: Descriptor,
    gone: Sequence[bytes],
    others: Sequence[bytes],
) -> list[dict[str, Any]]:
    """``entries`` without the bills of materials that bundles in ``gone`` state and no others."""
    old, held = (
        {f"sha256:{sha256_bytes(bill.manifest(subject))}" for bill in bills(bundles)}
        for bundles in (gone, others)
    )
    return [entry for entry in entries if entry["digest"] not in old - held]
