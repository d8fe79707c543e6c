"""Layers that are stored compressed, as registries and other tools keep them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from packager.cache import atomic_file, cache_directory, touch
from packager.digest import CHUNK
from packager.errors import PackageError

MAX_RATIO = 200
"""Bytes for each stored byte; a layer of a package has at most some ten."""
SLACK = 1 << 20


def uncompressed_layer(path: Path, media_type: str, diff_id: str) -> Path:
    """The tar of the layer at ``path``, verified by ``diff_id`` and kept in the cache if unpacked.

    Raises ``PackageError`` if it is not compressed by gzip, damaged, or more than 200 times as
    large as what is stored.
    """
    if not is_gzip(media_type, diff_id):
        return path
    cached = cache_directory("unpacked") / f"{diff_id[7:]}.tar"
    if cached.is_file():
        touch(cached)
        return cached
    digest = hashlib.sha256()
    with atomic_file(cached) as new:
        with new.open("wb") as file, path.open("rb") as packed:
            chunks = iter(lambda: packed.read(CHUNK), b"")
            for chunk in gunzipped(chunks, path.stat().st_size, diff_id):
                digest.update(chunk)
                file.write(chunk)
        if f"sha256:{digest.hexdigest()}" != diff_id:
            raise PackageError(
                f"layer {diff_id}: expected these bytes, got sha256:{digest.hexdigest()}",
                "the image was changed or damaged after it was built: copy it again",
            )
    return cached


def is_gzip(media_type: str, diff_id: str) -> bool:
    """Whether a layer is stored compressed by gzip; raises ``PackageError`` for other packings."""
    if media_type.endswith(("+gzip", ".gzip")):
        return True
    if media_type.endswith(("+zstd", "+encrypted")):
        raise PackageError(
            f"layer {diff_id}: expected a layer as it is or by gzip, got {media_type[:100]}",
            "push or copy it with --compress gzip, or uncompressed",
        )
    return False


def gunzipped(chunks: Iterable[bytes], stored: int, diff_id: str) -> Iterator[bytes]:
    """The content of ``stored`` gzip bytes, in chunks of at most 1 MiB."""
    remaining = MAX_RATIO * stored + SLACK
    engine, waiting = zlib.decompressobj(wbits=31), iter(chunks)
    try:
        content = next(waiting, b"")
        while content or engine.unconsumed_tail:
            chunk = engine.decompress(content, CHUNK)
            remaining -= len(chunk)
            if remaining < 0:
                raise ValueError(f"more than {MAX_RATIO} times as many bytes")
            yield chunk
            content = engine.unconsumed_tail
            if engine.eof:
                content = engine.unused_data or next(waiting, b"")
                if content:  # gzip files may be joined
                    engine = zlib.decompressobj(wbits=31)
            elif not content:
                content = next(waiting, b"")
        if not engine.eof:
            raise ValueError("an early end")
    except (zlib.error, ValueError) as error:
        for _ in waiting:  # of a registry's copy, the end says whether it is damaged
            pass
        raise PackageError(
            f"layer {diff_id}: expected a layer compressed by gzip, got {error}",
            "the image was changed or damaged after it was built: copy it again",
        ) from error
