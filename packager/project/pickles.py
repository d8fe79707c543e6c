"""Inspects a pickled model without unpickling it: its header, and what it would call."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from modelhost.pickles.audit import audit_model
from modelhost.pickles.before_load import refusal
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import NoModules
from packager.digest import CHUNK

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


def refuse_pickles(path: Path, called: str, allow: Sequence[str] = ()) -> None:
    """Raise ``PackageError`` for a model that would run code when it is unpickled.

    ``called``: what the error names; ``allow``: globals that the project allows. No distribution is
    at hand, so classes of libraries that are unknown pass; the model's process looks again.
    """
    report = audit_model(path, Judge(NoModules(), allow))
    if report.findings:
        raise refusal(report, called)


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
