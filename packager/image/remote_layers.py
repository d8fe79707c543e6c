"""Layers of a registry: streamed, unpacked within bounds and verified."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from packager.digest import CHUNK
from packager.errors import PackageError
from packager.image.base.archive import MAX_LAYER
from packager.registry.attachments import Descriptor
from packager.registry.blobs import read_blob
from packager.registry.repository import Repository

SMALLEST_LIMIT = 256 * 1024**2
MAX_RATIO = 200
"""Unpacked bytes per stored byte, above ``SMALLEST_LIMIT``. Text packs to a tenth; zeros to a
thousandth, which a small file of many zeros uses to fill a disk."""


def unpacked_limit(stored: int) -> int:
    """Bytes that a compressed layer of ``stored`` bytes may unpack to."""
    return min(MAX_LAYER, max(SMALLEST_LIMIT, MAX_RATIO * stored))


def fetch_layer(repository: Repository, stored: Descriptor, diff_id: str, path: Path) -> int:
    """Write the layer ``stored`` to ``path``, uncompressed; return its bytes.

    Verified are the digest of what the registry sent and the diff_id of what it unpacks to.
    Raises ``PackageError``.
    """
    called = f"{repository}: layer {stored.digest}"
    chunks = read_blob(repository, stored)
    digest, size, most = hashlib.sha256(), 0, _limit(stored, called)
    with path.open("wb") as file:
        try:
            for chunk in _unpacked(chunks, stored.media_type, called):
                size += len(chunk)
                if size > most:
                    raise _too_large(called, stored.size, most)
                digest.update(chunk)
                file.write(chunk)
        except (EOFError, OSError, ValueError, zlib.error) as error:
            for _ in chunks:  # its end says whether the registry's copy is damaged
                pass
            raise PackageError(
                f"{called}: expected {_packing(stored.media_type)} data, got {error}",
                "the image is damaged: build or push it again",
            ) from error
        for _ in chunks:
            pass
    if f"sha256:{digest.hexdigest()}" != diff_id:
        raise PackageError(
            f"{called}: expected {diff_id} when unpacked, got sha256:{digest.hexdigest()}",
            "the image's config names another layer: build and push it again",
        )
    return size


def is_packed(media_type: str) -> bool:
    """Whether a layer of this media type is compressed."""
    return _packing(media_type) != "tar"


def _limit(stored: Descriptor, called: str) -> int:
    if is_packed(stored.media_type):
        return unpacked_limit(stored.size)
    if stored.size > MAX_LAYER:
        raise _too_large(called, stored.size, MAX_LAYER)
    return stored.size


def _packing(media_type: str) -> str:
    return next(
        (end for end in ("gzip", "zstd") if media_type.endswith((f"+{end}", f".{end}"))), "tar"
    )


def _unpacked(chunks: Iterator[bytes], media_type: str, called: str) -> Iterator[bytes]:
    packing = _packing(media_type)
    if packing == "tar":
        if not media_type.endswith(".tar"):
            raise PackageError(
                f"{called}: expected a layer (tar, gzip or zstd), got the media type "
                f"{media_type[:100]!r}",
                "name an image that an engine can run",
            )
        yield from chunks
        return
    source: IO[bytes] = io.BufferedReader(_ChunkFile(chunks), CHUNK)
    if packing == "gzip":
        source = cast(IO[bytes], gzip.GzipFile(fileobj=source))
    else:
        import pyarrow as pa

        source = pa.CompressedInputStream(source, "zstd")
    while chunk := source.read(CHUNK):
        yield chunk


def _too_large(called: str, stored: int, most: int) -> PackageError:
    return PackageError(
        f"{called}: {stored:,} stored bytes unpack to more than {most:,}",
        "if you trust the image, push it again with uncompressed layers",
    )


class _ChunkFile(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._left = chunks, b""

    def readable(self) -> bool:
        """See ``io.RawIOBase``."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See ``io.RawIOBase``."""
        while not self._left:
            self._left = next(self._chunks, b"")
            if not self._left:
                return 0
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count
