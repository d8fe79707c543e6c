"""Made-up values of array, list and bytes columns, as JSON values: none is of training."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

from packager.manifest.manifest import Column

RAMP_STEPS = 8
"""Steps after which ramps repeat."""
_ELEMENTS: dict[str, Any] = {
    "number": 0.0,
    "integer": 0,
    "boolean": False,
    "string": "example",
}
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Colour type of a PNG → samples of a pixel."""


def ramp(column: Column, step: int) -> Any:
    """An array whose elements rise from the least to the largest of training, rolled by ``step``.

    Without a range they are zeros; booleans alternate.
    """
    shape = column.shape or ()
    size = int(np.prod(shape))
    if column.element == "bool":
        flat = np.arange(size) % 2 == step % 2
    else:
        low, high = column.minimum or 0.0, column.maximum or 0.0
        flat = np.roll(np.linspace(low, high, size), step * max(1, size // RAMP_STEPS))
        flat = _held(column, flat)
    return flat.reshape(shape).tolist()


def filled(column: Column, value: float) -> Any:
    """An array of one value, which the column's dtype has to hold."""
    return np.full(column.shape or (), value, column.element).tolist()


def zeros(column: Column) -> Any:
    """An array of zeros, or of the number of training's range that is nearest to zero."""
    if column.element == "bool" or column.minimum is None or column.maximum is None:
        return filled(column, 0)
    nearest = np.array([min(max(0.0, column.minimum), column.maximum)])
    return filled(column, _held(column, nearest)[0])


def one_element(column: Column) -> list[Any]:
    """A list of one element."""
    return [_ELEMENTS[column.element or "number"]]


def neutral(column: Column) -> Any:
    """A value of the column's kind: zeros, an empty list, no bytes."""
    return zeros(column) if column.kind == "array" else [] if column.kind == "list" else ""


def picture(width: int = 1, height: int = 1, colour: int = 0, level: int = 0) -> str:
    """A PNG of one grey level, 0 to 255, in base64.

    ``colour``: its colour type; 0 is grey, 2 RGB, 4 and 6 the same with an opaque alpha channel.
    """
    samples = _CHANNELS[colour]
    pixel = bytes([level] * (samples - (colour >= 4)) + [255] * (colour >= 4))
    lines = (b"\0" + pixel * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return base64.b64encode(png).decode()


def _held(column: Column, values: Any) -> Any:
    """Numbers in the column's dtype, rounded to whole ones where it holds no others."""
    dtype = np.dtype(column.element)
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    # The largest integers of 64 bits are no floats.
    top = np.nextafter(float(limits.max), 0) if dtype.itemsize == 8 else float(limits.max)
    return np.clip(np.rint(values), float(limits.min), top).astype(dtype)
