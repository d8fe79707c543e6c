"""Layers of a registry: fetched when they are first read, verified, and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from packager.cache import atomic_file, cache_directory, touch
from packager.errors import PackageError
from packager.image.compressed_layers import gunzipped, is_gzip
from packager.image.layer_cache import made_here
from packager.image.layers import Layer
from packager.registry.attachments import Descriptor
from packager.registry.blobs import read_blob
from packager.registry.repository import RegistryRepository

MAX_LAYER = 32 * 1024**3
"""Bytes of one unpacked layer."""
LAYER_TYPES = (".tar", "+gzip", ".gzip", "+zstd")


def remote_layer(
    repository: RegistryRepository, stored: Descriptor, diff_id: str, name: str
) -> Layer:
    """A layer that is fetched when it is read; until then its size is that of what is stored."""
    path = cache_directory("unpacked") / f"{diff_id[7:]}.tar"

    def fetch() -> None:
        if path.is_file():
            touch(path)
            return
        with atomic_file(path) as new:
            fetch_layer(repository, stored, diff_id, new)

    return Layer(name, path, diff_id, stored.size, fetch=fetch)


def fetch_layer(
    repository: RegistryRepository, stored: Descriptor, diff_id: str, path: Path
) -> None:
    """Write the layer ``stored`` to ``path``, uncompressed.

    One that this machine has is linked. Verified are the digest of what the registry sends and
    the diff_id of what that unpacks to. Raises ``PackageError``, also for a layer of more than
    32 GiB.
    """
    known = _held(diff_id)
    if known is not None:
        path.unlink(missing_ok=True)
        try:
            os.link(known, path)
        except OSError:  # a file system without hard links
            shutil.copyfile(known, path)
        return
    called = f"{repository}: layer {stored.digest}"
    if not stored.media_type.endswith(LAYER_TYPES):
        raise PackageError(
            f"{called}: expected a layer of an image, got {stored.media_type[:100]!r}",
            "name an image that an engine can run",
        )
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in _unpacked(repository, stored, diff_id):
            size += len(chunk)
            if size > MAX_LAYER:
                raise PackageError(
                    f"{called}: expected at most {MAX_LAYER:,} bytes when unpacked, got more",
                    "divide the layer",
                )
            digest.update(chunk)
            file.write(chunk)
    if f"sha256:{digest.hexdigest()}" != diff_id:
        raise PackageError(
            f"{called}: expected {diff_id} when unpacked, got sha256:{digest.hexdigest()}",
            "its config names another layer: build the image and push it again",
        )


def _held(diff_id: str) -> Path | None:
    """The layer in a base of the cache, or as this machine built it; bytes are verified later."""
    inside = f"[!.]*/layers/{diff_id[7:]}.tar"
    path = next(cache_directory("bases").glob(inside), None) or made_here().get(diff_id)
    return path if path is not None and path.is_file() else None


def _unpacked(repository: RegistryRepository, stored: Descriptor, diff_id: str) -> Iterator[bytes]:
    chunks: Iterable[bytes] = read_blob(repository, stored)
    if is_gzip(stored.media_type, diff_id):
        yield from gunzipped(chunks, stored.size, diff_id)
    else:
        yield from chunks
