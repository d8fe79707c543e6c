"""Decodes the first lines of a PNG (ISO/IEC 15948), as many as a bounded number of pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from monitoring.derived.png_filters import unfiltered

Floats = npt.NDArray[np.float64]

MAX_CHUNKS = 1_000
"""Chunks read of an image: many empty ones would take long."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue (ITU-R BT.601)."""


def png_pixels(data: bytes, most: int) -> Floats | None:
    """The brightness, 0 to 1, of the first lines: shape (lines, width), at most ``most`` pixels.

    None for what is no PNG, a damaged or an interlaced one, and one whose lines are longer.
    """
    try:
        return _pixels(data, most)
    except (struct.error, zlib.error, ValueError, IndexError, KeyError):
        return None


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The type of each chunk, and where its content starts and stops; stops at a cut."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        stop = at + 8 + length
        if stop + 4 > len(data):
            return
        yield data[at + 4 : at + 8], at + 8, stop
        at = stop + 4


def _pixels(data: bytes, most: int) -> Floats | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if interlaced or not width or not height or width > most or depth not in (1, 2, 4, 8, 16):
        return None
    rows = min(height, most // width)
    bits = depth * _CHANNELS[color]
    line = 1 + (width * bits + 7) // 8
    unpacker, raw, palette = zlib.decompressobj(), bytearray(), None
    for name, start, stop in islice(chunks(data), MAX_CHUNKS):
        if len(raw) >= rows * line:
            break
        if name == b"PLTE":
            palette = np.frombuffer(data[start:stop], np.uint8).reshape(-1, 3)
        elif name == b"IDAT":
            raw += unpacker.decompress(data[start:stop], rows * line - len(raw))
    if len(raw) < rows * line:
        return None
    lines = np.frombuffer(raw, np.uint8).reshape(rows, line)
    plain = unfiltered(lines, max(1, bits // 8))
    samples = _samples(plain, depth, width * _CHANNELS[color])
    if color == 3:
        return None if palette is None else _weighed(palette[samples.astype(np.intp)])
    values = samples.reshape(rows, width, -1)
    return _weighed(values) if color in (2, 6) else values[..., 0] / (2 ** min(depth, 8) - 1)


def _weighed(colors: npt.NDArray[np.uint8]) -> Floats:
    """The brightness of red, green and blue, in the last dimension."""
    return np.asarray(colors[..., :3] @ _LUMA / 255)


def _samples(plain: npt.NDArray[np.uint8], depth: int, count: int) -> npt.NDArray[np.uint8]:
    """The first ``count`` samples of each line; of 16 bits the higher 8."""
    if depth == 8:
        return plain[:, :count]
    if depth == 16:
        return plain[:, : 2 * count : 2]
    single = np.unpackbits(plain, axis=1).reshape(len(plain), -1, depth)
    weights = 1 << np.arange(depth - 1, -1, -1)
    return (single @ weights).astype(np.uint8)[:, :count]
