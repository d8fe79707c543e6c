"""Inspects a pickled model without unpickling it: its header, and references to ``__main__``."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from packager.digest import CHUNK

MAIN = b"__main__"
CLOUDPICKLE = b"cloudpickle.cloudpickle"
HEAD_BYTES = 4 << 20
MAX_GROWTH = 100
"""A compressed model is read to this multiple of its size, beyond its head."""
# First bytes of a file → compression format of joblib and similar tools.
Compressed = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
OPENERS: dict[bytes, Callable[[Path], Compressed]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZ": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
    b"\x5d\x00": lzma.LZMAFile,
}


def read_header(path: Path) -> bytes:
    """The first 4 MiB of a model file, decompressed: enough to detect its format."""
    content = b""
    for chunk in _chunks(path):
        content += chunk
        if len(content) >= HEAD_BYTES:
            break
    return content


def references_main(path: Path) -> bool:
    """Whether a pickle references a class of ``__main__`` (text or length-prefixed string).

    False for pickles of cloudpickle, which contain the classes of ``__main__`` themselves.
    """
    tail, named = b"", False
    for chunk in _chunks(path):
        block = tail + chunk
        if CLOUDPICKLE in block:
            return False
        named = named or b"c" + MAIN + b"\n" in block or b"\x08" + MAIN in block
        tail = block[-len(CLOUDPICKLE) :]
    return named


def _chunks(path: Path) -> Iterator[bytes]:
    """The content in chunks, decompressed; raw if it can't be decompressed.

    Stops after ``HEAD_BYTES`` and ``MAX_GROWTH`` times the file's size.
    """
    left = HEAD_BYTES + MAX_GROWTH * path.stat().st_size
    for chunk in _decompressed(path):
        yield chunk
        left -= len(chunk)
        if left <= 0:
            return


def _decompressed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        first = file.read(8)
    opener = next((o for magic, o in OPENERS.items() if first.startswith(magic)), None)
    try:
        if opener is not None:
            with opener(path) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
            return
        if first[:1] == b"\x78":
            yield from _inflated(path)
            return
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        pass  # only looks compressed: read as it is
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _inflated(path: Path) -> Iterator[bytes]:
    inflate = zlib.decompressobj()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            while chunk:
                yield inflate.decompress(chunk, CHUNK)
                chunk = inflate.unconsumed_tail
