"""Compressed streams, read in steps and to their end, with a limit of how much they may grow."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import Any, Callable, NamedTuple

from modelhost.pickles.source import STEP, UnreadableError

MAX_GROWTH = 200
"""A compressed file may hold this multiple of its size, beyond ``MIN_CONTENT`` bytes."""
MIN_CONTENT = 64 << 20
MAX_MEMORY = 256 << 20
"""Bytes that a decompressor of lzma may take."""


class Coding(NamedTuple):
    """A way of compressing."""

    name: str
    magic: bytes
    """Empty of one that has none."""
    make: Callable[[], Any] | None
    """Makes a decompressor; None for one that isn't read."""

    @property
    def certain(self) -> bool:
        """Whether its magic says that a file is compressed: other files may begin as its header."""
        return bool(self.magic)


ZLIB = Coding("zlib", b"", lambda: zlib.decompressobj(15))
LZMA = Coding("lzma", b"", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, MAX_MEMORY))
_ALONE = 13
"""Bytes of the header of lzma's older form, which has no magic."""
_MAX_PROPERTIES, _MAX_SIZE = 225, 1 << 38
CODINGS = (
    Coding("gzip", b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    Coding("bzip2", b"BZh", bz2.BZ2Decompressor),
    Coding("xz", b"\xfd7zXZ", lambda: lzma.LZMADecompressor(memlimit=MAX_MEMORY)),
    Coding("lz4", b"\x04\x22\x4d\x18", None),
    Coding("zstd", b"\x28\xb5\x2f\xfd", None),
    Coding("joblib before 0.10", b"ZF", None),
    Coding("7z", b"7z\xbc\xaf\x27\x1c", None),
    Coding("rar", b"Rar!", None),
)


def coding_of(head: bytes) -> Coding | None:
    """The coding of a file that begins with ``head``; None if it has none."""
    for one in CODINGS:
        if head.startswith(one.magic):
            return one
    if _is_zlib(head):
        return ZLIB
    return LZMA if _is_lzma(head) else None


def _is_zlib(head: bytes) -> bool:
    """RFC 1950: deflate, a window of at most 32 KiB, two bytes that are a multiple of 31."""
    return (
        len(head) > 1
        and head[0] & 0x0F == 8
        and head[0] >> 4 < 8
        and not head[1] & 0x20
        and int.from_bytes(head[:2], "big") % 31 == 0
    )


def _is_lzma(head: bytes) -> bool:
    """The header of lzma's older form, by the bounds that liblzma tells it by."""
    if len(head) < _ALONE or head[0] >= _MAX_PROPERTIES:
        return False
    size = int.from_bytes(head[5:_ALONE], "little")
    literal_bits = head[0] % 9 + head[0] // 9 % 5
    return literal_bits <= 4 and (size == (1 << 64) - 1 or size < _MAX_SIZE)


def limit_of(size: int) -> int:
    """Bytes that a compressed file of ``size`` bytes may hold."""
    return MIN_CONTENT + MAX_GROWTH * size


class Decompressed:
    """The content of a compressed stream, with ``read`` as a file has it."""

    def __init__(self, file: Any, coding: Coding) -> None:
        assert coding.make is not None
        self._file, self._coding, self._make = file, coding, coding.make
        self._decompressor = coding.make()
        self._given = b""

    def read(self, count: int) -> bytes:
        """At most ``count`` bytes; none at the end. Raises ``UnreadableError``."""
        try:
            while True:
                if self._decompressor.eof and not self._next_stream():
                    return b""
                part, ended = self._step(count)
                if part:
                    return part
                if ended and not self._decompressor.eof:
                    raise UnreadableError(f"is cut off within its {self._coding.name} stream")
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise UnreadableError(f"is no {self._coding.name} stream: {error}") from error

    def _step(self, count: int) -> tuple[bytes, bool]:
        """At most ``count`` bytes, and whether the file has ended."""
        own = self._decompressor
        if not getattr(own, "needs_input", True):
            return own.decompress(b"", count), False
        compressed, self._given = self._given or self._file.read(STEP), b""
        part = own.decompress(compressed, count)
        self._given = getattr(own, "unconsumed_tail", b"")
        return part, not compressed

    def _next_stream(self) -> bool:
        """Go on with a further stream after the end of one; False at the end of the file."""
        rest = self._decompressor.unused_data or self._file.read(STEP)
        if not rest:
            return False
        if coding_of(rest) is not self._coding:
            raise UnreadableError(f"has bytes after the end of its {self._coding.name} stream")
        self._decompressor, self._given = self._make(), rest
        return True
