"""Small images of each format, made here without a library."""

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


def gray_jpeg(pixels: np.ndarray, step: int = 2) -> bytes:
    """A sequential JPEG of gray pixels (height, width); each code has 8 bits."""
    height, width = pixels.shape
    padded = np.pad(pixels.astype(float), ((0, -height % 8), (0, -width % 8)), mode="edge")
    frequencies = np.arange(8)[:, np.newaxis]
    cosines = np.cos((2 * np.arange(8) + 1) * frequencies * np.pi / 16) / 2
    cosines[0] *= np.sqrt(0.5)
    bits, before = [], 0
    for row in range(0, len(padded), 8):
        for column in range(0, padded.shape[1], 8):
            block = cosines @ (padded[row : row + 8, column : column + 8] - 128) @ cosines.T
            numbers = np.rint(block / step).astype(int).ravel()[_ZIGZAG].tolist()
            bits += [*_number(0, numbers[0] - before), *_others(numbers)]
            before = numbers[0]
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
    codes = bytes([0] * 7 + [255] + [0] * 8 + [*range(255)])
    parts = [
        (0xDB, b"\0" + bytes([step] * 64)),
        (0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"),
        (0xC4, b"\x00" + codes + b"\x10" + codes),
        (0xDA, b"\1\1\0\0\x3f\0"),
    ]
    marked = (struct.pack(">BBH", 0xFF, mark, 2 + len(part)) + part for mark, part in parts)
    return b"\xff\xd8" + b"".join(marked) + scan + b"\xff\xd9"


_ZIGZAG = sorted(
    range(64), key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8)
)


def _others(numbers: Sequence[int]) -> list[str]:
    """The codes of the coefficients after the first one."""
    found, zeros = [], 0
    for number in numbers[1:]:
        if number == 0:
            zeros += 1
            continue
        found += [_code(0xF0)] * (zeros // 16) + [_number(zeros % 16, number)]
        zeros = 0
    return [*found, _code(0)] if zeros else found


def _number(zeros: int, number: int) -> str:
    size = abs(number).bit_length()
    raw = number if number > 0 else number + (1 << size) - 1
    return _code(zeros << 4 | size) + (f"{raw:0{size}b}" if size else "")


def _code(symbol: int) -> str:
    return f"{symbol:08b}"


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checked)
