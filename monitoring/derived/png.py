"""Decodes the first rows of a PNG (ISO/IEC 15948), as many as a bounded number of pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MAX_PIXELS = 4_096
"""Pixels decoded, from the top: a larger image would take more than a few milliseconds."""
MAX_CHUNKS = 1_000
"""Chunks read of an image: many empty ones would take long."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue (ITU-R BT.601)."""


def brightness(data: bytes) -> Floats | None:
    """The brightness of the first pixels, 0 to 1: shape (pixels,).

    None for what is no PNG, a damaged or an interlaced one.
    """
    try:
        return _brightness(data)
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


def _brightness(data: bytes) -> Floats | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if interlaced or not width or not height or width > MAX_PIXELS or depth not in (1, 2, 4, 8, 16):
        return None
    rows = min(height, max(1, MAX_PIXELS // width))
    bits = depth * _CHANNELS[color]
    line = 1 + (width * bits + 7) // 8
    unpacker, raw, palette = zlib.decompressobj(), b"", None
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
    plain = _unfiltered(lines, max(1, bits // 8))
    samples = _samples(plain, depth, width * _CHANNELS[color])
    if color == 3:
        if palette is None:
            return None
        return np.asarray(palette[samples.ravel().astype(np.intp)] @ _LUMA / 255)
    values = samples.reshape(rows * width, -1) / (2 ** min(depth, 8) - 1)
    return np.asarray(values[:, :3] @ _LUMA if color in (2, 6) else values[:, 0])


def _samples(plain: Pixels, depth: int, count: int) -> Pixels:
    """The first ``count`` samples of each line; of 16 bits the higher 8."""
    if depth == 8:
        return plain[:, :count]
    if depth == 16:
        return plain[:, : 2 * count : 2]
    single = np.unpackbits(plain, axis=1).reshape(len(plain), -1, depth)
    weights = 1 << np.arange(depth - 1, -1, -1)
    return (single @ weights).astype(np.uint8)[:, :count]


def _unfiltered(lines: Pixels, step: int) -> Pixels:
    """The lines without their filter bytes; ``step``: bytes from a sample to the one before it."""
    found = np.zeros((len(lines), lines.shape[1] - 1), np.uint8)
    above = np.zeros(lines.shape[1] - 1, np.uint8)
    for at, line in enumerate(lines):
        kind, coded = int(line[0]), line[1:]
        if kind == 0:
            above = coded
        elif kind == 1:
            above = _summed(coded, step)
        elif kind == 2:
            above = coded + above
        elif kind in (3, 4):
            above = _one_by_one(coded.tobytes(), above.tobytes(), step, kind)
        else:
            raise ValueError(f"expected a filter from 0 to 4, got {kind}")
        found[at] = above
    return found


def _summed(coded: Pixels, step: int) -> Pixels:
    width = -(-len(coded) // step)
    padded = np.zeros(width * step, np.uint8)
    padded[: len(coded)] = coded
    sums = np.cumsum(padded.reshape(width, step), axis=0, dtype=np.uint8)
    return sums.ravel()[: len(coded)]


def _one_by_one(coded: bytes, above: bytes, step: int, kind: int) -> Pixels:
    """The filters Average (3) and Paeth (4), where each byte needs the one before it."""
    made = bytearray(len(coded))
    restored = _averaged if kind == 3 else _paeth
    for channel in range(step):
        made[channel::step] = restored(coded[channel::step], above[channel::step])
    return np.frombuffer(bytes(made), np.uint8)


def _averaged(coded: bytes, above: bytes) -> bytearray:
    made, left = bytearray(), 0
    for byte, up in zip(coded, above, strict=True):
        left = (byte + (left + up) // 2) & 255
        made.append(left)
    return made


def _paeth(coded: bytes, above: bytes) -> bytearray:
    made, left, corner = bytearray(), 0, 0
    for byte, up in zip(coded, above, strict=True):
        by_left, by_up = up - corner, left - corner
        by_corner = abs(by_left + by_up)
        by_left, by_up = abs(by_left), abs(by_up)
        if by_left > by_up or by_left > by_corner:
            left = up if by_up <= by_corner else corner
        left = (byte + left) & 255
        corner = up
        made.append(left)
    return made
