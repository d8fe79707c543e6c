"""Small images of each format, made here."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080011000d01011100ffda")
GIF = b"GIF89a" + struct.pack("<HH", 3, 5) + b"\0\0\0"
BMP = b"BM" + bytes(12) + struct.pack("<Iii", 40, 7, -9) + bytes(20)
WEBP = {
    "VP8 ": b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 20, 30),
    "VP8L": b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 19 | 29 << 14),
    "VP8X": b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x13\0\0\x1d\0\0",
}
"""Headers only, of 20 x 30 pixels."""


def png(
    lines: Sequence[bytes], width: int, color: int = 0, depth: int = 8, palette: bytes = b""
) -> bytes:
    """A PNG of lines that begin with their filter."""
    head = struct.pack(">IIBBBBB", width, len(lines), depth, color, 0, 0, 0)
    parts = [(b"IHDR", head), *([(b"PLTE", palette)] if palette else [])]
    parts += [(b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def gray_png(pixels: np.ndarray) -> bytes:
    """A PNG of gray pixels (height, width), without filters."""
    lines = [b"\0" + row.tobytes() for row in pixels.astype(np.uint8)]
    return png(lines, pixels.shape[1])


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checked)
