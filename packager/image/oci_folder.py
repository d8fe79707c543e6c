"""The documents of an OCI folder, each verified by the digest that names it."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packager.digest import sha256_bytes
from packager.image.documents import MAX_SETTINGS, bounded
from packager.registry.attachments import Descriptor
from packager.registry.oci_json import oci_manifest

IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
MAX_MANIFESTS = 256
"""Images, and the signatures and documents attached to them."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def stored_manifests(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each entry of the index of an OCI folder, and the manifest that it names.

    Raises ``OSError``, ``ValueError``, ``KeyError`` or ``TypeError`` if it is not whole.
    """
    entries = oci_manifest(_document(_plain_file(folder / "index.json")))["manifests"]
    if len(entries) > MAX_MANIFESTS:
        raise ValueError(f"expected at most {MAX_MANIFESTS} manifests, got {len(entries):,}")
    for entry in entries:
        yield entry, oci_manifest(stored_blob(folder, entry["digest"], MAX_SETTINGS))


def stored_descriptor(folder: Path, digest: str) -> Descriptor:
    """Of the manifest ``digest``: in the index of an OCI folder, or in an index of platforms.

    Raises ``ValueError`` if neither lists it, else as ``stored_manifests``.
    """
    for entry, manifest in stored_manifests(folder):
        for one in (entry, *(manifest.get("manifests") or ())):
            if one["digest"] == digest:
                return Descriptor(str(one["mediaType"]), digest, int(one["size"]))
    raise ValueError(f"expected a manifest {digest}, got none")


def stored_blob(folder: Path, digest: str, most: int) -> bytes:
    """A blob of an OCI folder, at most ``most`` bytes; raises ``ValueError`` for other content."""
    content = _document(blob_path(folder, digest), most)
    if f"sha256:{sha256_bytes(content)}" != digest:
        raise ValueError(f"content that does not match {digest}")
    return content


def blob_path(folder: Path, digest: str) -> Path:
    """The file of a blob; raises ``ValueError`` for another digest than sha256, and for a link."""
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"expected sha256: and 64 hex digits, got {digest[:100]!r}")
    return _plain_file(folder / "blobs" / "sha256" / digest[7:])


def _plain_file(path: Path) -> Path:
    """Return ``path`` of a regular file; raise ``ValueError`` for a link, pipe or device."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{path.name}: expected a regular file")
    return path


def _document(path: Path, most: int = MAX_SETTINGS) -> bytes:
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"{path.name}: expected at most {most:,} bytes, got {size:,}")
    return bounded(path.read_bytes())


def is_runnable(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether an engine could run what is attached to an image: it has the config of an image.

    Some engines read the config whatever its media type says. Raises as ``stored_manifests``.
    """
    config = manifest.get("config")
    if not isinstance(config, Mapping):
        return False
    if config.get("mediaType") in IMAGE_CONFIGS:
        return True
    try:
        content = stored_blob(folder, config["digest"], MAX_SETTINGS)
    except (OSError, KeyError, TypeError):
        return False  # nothing that an engine could read either
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and any(key.casefold() == "rootfs" for key in document)
