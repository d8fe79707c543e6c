"""The cache of layers, by what they are made of.

A tar is compared with its digest when it is read as a whole (``Layer.read``), not when it is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from packager.cache import atomic_file, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError
from packager.image.layers import FOLDER, Entry, Layer, WrittenTar, write_tar
from packager.manifest.base import FrozenModel
from packager.progress import LayerSource

# Part of every cache key: raise it when the bytes of a layer change for the same input.
ASSEMBLER_VERSION = 1


class _Sidecar(FrozenModel):
    """JSON file that the cache stores next to a layer's tar."""

    diff_id: str
    size: int


def cached_layer(
    name: str,
    key: Sequence[object],
    make: Callable[[], Iterable[Entry]],
    *,
    fresh: bool = False,
) -> Layer:
    """The layer of ``key``, from the cache, or built if it is absent or ``fresh`` is set."""
    return cached_tar(name, key, lambda file: write_tar(file, make()), fresh=fresh)


def cached_tar(
    name: str,
    key: Sequence[object],
    write: Callable[[Path], WrittenTar],
    *,
    fresh: bool = False,
) -> Layer:
    """As ``cached_layer``, with the tar that ``write`` writes.

    The tar is renamed into place before its sidecar, so an incomplete layer counts as absent.
    """
    started = time.monotonic()
    digest = sha256_bytes(canonical_json([ASSEMBLER_VERSION, *key]))
    tar = cache_directory(FOLDER) / f"{digest}.tar"
    sidecar = tar.with_suffix(".json")
    source: LayerSource = "cached"
    diff_id, members = "", None
    if fresh or not _is_complete(tar, sidecar):
        source = "built"
        with atomic_file(tar) as file:
            diff_id, size, members = write(file)
        with atomic_file(sidecar) as file:
            file.write_bytes(_Sidecar(diff_id=diff_id, size=size).dump())
    known = _Sidecar.load(sidecar)
    touch(tar)
    seconds = time.monotonic() - started
    written = members if known.diff_id == diff_id else None
    return Layer(name, tar, known.diff_id, known.size, source, seconds, written=written)


def made_here() -> dict[str, Path]:
    """The layers in the cache, which this program built on this machine: diff_id → tar."""
    sidecars = cache_directory(FOLDER).glob(f"{'?' * 64}.json")
    return {_Sidecar.load(sidecar).diff_id: sidecar.with_suffix(".tar") for sidecar in sidecars}


def _is_complete(tar: Path, sidecar: Path) -> bool:
    """Whether the cache holds a layer in full size; its bytes are verified when read."""
    if not (sidecar.is_file() and tar.is_file()):
        return False
    try:
        return tar.stat().st_size == _Sidecar.load(sidecar).size
    except PackageError:  # a damaged record: the layer is made again
        return False
