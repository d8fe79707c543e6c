"""Format, size and brightness of images in bytes, by the standard library and NumPy.

Headers of PNG, JPEG, GIF, WebP and BMP are read. The light of pixels is read of PNG (``png``) and
of sequential JPEG (``jpeg``); other formats need a decoder that the server does not have.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_SEGMENTS = 1_000
"""Segments and fill bytes of a JPEG that are passed over before its size."""
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The format and size in the first bytes of an image."""

    format: str
    """``PNG``, ``JPEG``, ``GIF``, ``WebP`` or ``BMP``."""
    width: int
    height: int


def header(data: bytes) -> ImageHeader | None:
    """The header of an image; None for anything else, and for a damaged header."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            if data[12:16] != b"IHDR":
                return None
            return _sized("PNG", *struct.unpack_from(">II", data, 16))
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _sized("GIF", *struct.unpack_from("<HH", data, 6))
        if data.startswith(b"BM"):
            return _bmp(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):  # cut off
        return None
    return None


def _sized(name: str, width: int, height: int) -> ImageHeader | None:
    return ImageHeader(name, width, height) if width > 0 and height > 0 else None


def _bmp(data: bytes) -> ImageHeader | None:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        return _sized("BMP", *struct.unpack_from("<HH", data, 18))
    if not 40 <= size <= 124:
        return None
    width, height = struct.unpack_from("<ii", data, 18)
    return _sized("BMP", width, abs(height))


def _jpeg(data: bytes) -> ImageHeader | None:
    at = 2
    for _ in range(MAX_SEGMENTS):
        if data[at] != 0xFF:
            return None
        mark = data[at + 1]
        if mark == 0xFF:  # a fill byte
            at += 1
            continue
        if mark in _JPEG_BARE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if mark in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return _sized("JPEG", width, height)
        at += 2 + length
    return None


def _webp(data: bytes) -> ImageHeader | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return _sized("WebP", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return _sized("WebP", (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little")
        height = int.from_bytes(data[27:30], "little")
        return _sized("WebP", width + 1, height + 1) if len(data) >= 30 else None
    return None
