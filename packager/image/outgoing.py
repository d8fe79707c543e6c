"""Images as they are pushed: layers as they are, or compressed by gzip.

Uncompressed, an image has the same manifest everywhere. Compressed, its manifest depends on the
version of zlib; config and package root do not.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from pathlib import Path
from typing import IO, Literal

from packager.cache import atomic_file, cache_directory
from packager.digest import canonical_json
from packager.image.config import Image
from packager.image.export import LAYER_TYPE, config_descriptor, layer_descriptor
from packager.image.layers import Layer
from packager.registry.attachments import Descriptor
from packager.registry.blobs import OutgoingBlob
from packager.registry.push import OutgoingImage
from packager.registry.transfers import at_once

GZIP_TYPE = f"{LAYER_TYPE}+gzip"
LEVEL = 6
"""Of gzip: 0.31 of the bytes of a usual package, in two and a half times the time of level 1."""
Compression = Literal["none", "gzip"]


def outgoing_image(image: Image, compression: Compression, work: Path) -> OutgoingImage:
    """``image`` as it is pushed; compressed layers are written below ``work`` when needed."""
    config = OutgoingBlob(config_descriptor(image), "config", lambda: io.BytesIO(image.config))
    if compression == "none":
        return OutgoingImage(config, tuple(map(_plain, image.layers)), image.annotations)
    # The largest first, as they are sent; zlib runs in several threads at once.
    order = sorted(range(len(image.layers)), key=lambda n: -image.layers[n].size)
    packed = dict(at_once(lambda n, _: (n, _gzipped(image.layers[n], work)), order))
    layers = tuple(packed[n] for n in range(len(packed)))
    return OutgoingImage(config, layers, image.annotations)


def _plain(layer: Layer) -> OutgoingBlob:
    return OutgoingBlob(layer_descriptor(layer), layer.name, layer.open)


def _gzipped(layer: Layer, work: Path) -> OutgoingBlob:
    """A layer compressed by gzip; the digest is remembered, so it is compressed only to be sent."""
    path = work / f"{layer.diff_id[7:]}.tar.gz"
    record = cache_directory("compressed") / f"{layer.diff_id[7:]}.json"
    known = _recorded(record)
    if known is None:
        known = _compress(layer, path)
        with atomic_file(record) as new:
            new.write_bytes(
                canonical_json({"by": _compressor(), "digest": known.digest, "size": known.size})
            )

    def opened() -> IO[bytes]:
        if not path.exists():
            _compress(layer, path)
        return path.open("rb")

    return OutgoingBlob(known, layer.name, opened)


def _compressor() -> str:
    """The settings that determine the compressed bytes."""
    return f"zlib {zlib.ZLIB_RUNTIME_VERSION}, level {LEVEL}"


def _recorded(path: Path) -> Descriptor | None:
    """The descriptor in a record of this compressor; None if there is none."""
    try:
        record = json.loads(path.read_bytes())
        if record["by"] == _compressor():
            return Descriptor(GZIP_TYPE, str(record["digest"]), int(record["size"]))
    except (OSError, ValueError, KeyError, TypeError):  # it is compressed again
        pass
    return None


def _compress(layer: Layer, path: Path) -> Descriptor:
    """Write the compressed layer to ``path``; without a name or time, the same bytes each time."""
    with atomic_file(path) as new, new.open("wb") as file:
        written = _Hashed(file)
        with gzip.GzipFile("", "wb", LEVEL, written, mtime=0) as packed:
            for chunk in layer.read():
                packed.write(chunk)
    return Descriptor(GZIP_TYPE, f"sha256:{written.digest.hexdigest()}", written.size)


class _Hashed(io.RawIOBase):
    """A file that is written, hashed and counted."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file, self.digest, self.size = file, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)
