"""Cells as a report shows them: as text, and arrays and images also as small pictures."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.text import truncate
from monitoring.derived.images import header
from packager.text import format_number

MAX_CELL = 200
"""Maximum characters of a cell in a report."""
MAX_TEXT = 2_000
"""Maximum characters of a text of several words."""
MAX_PICTURE_BYTES = 32_000
"""Larger images are described, not shown."""
MAX_SIDE = 64
"""Pixels of the picture of an array, in each direction; a larger one shows every n-th element."""
MAX_NUMBERS = 8
"""Elements of an array that are written as text."""
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif"}
_COLORS = {1: 0, 3: 2, 4: 6}


def cell_text(value: Any) -> str | None:
    """A cell as text for display; None for a null."""
    if isinstance(value, np.ndarray):
        return _array_text(value)
    if isinstance(value, bytes):
        return _bytes_text(value)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, float | np.floating):
        return f"{float(value):.10g}"
    if isinstance(value, str) and " " in value:
        return truncate(value, MAX_TEXT)
    return truncate(str(value), MAX_CELL)


def json_cell(value: Any) -> bool | int | float | str | None:
    """A cell in JSON: numbers and booleans as they are, all else as text; None for null.

    An infinity, and an integer that not every reader of JSON keeps, are texts.
    """
    if isinstance(value, np.bool_ | np.integer):
        value = value.item()
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float | np.floating) and np.isfinite(value):
        return float(value)
    return cell_text(value)


def picture(value: Any) -> str | None:
    """The ``data:`` address of a cell's picture; None if it has none, or a large one.

    PNG, JPEG and GIF are taken as they are; arrays of two dimensions, and of three whose last one
    has 1, 3 or 4 elements, are drawn from their smallest number, black, to their largest.
    """
    if isinstance(value, bytes):
        image = header(value) if len(value) <= MAX_PICTURE_BYTES else None
        kind = _TYPES.get(image.format) if image else None
        return f"data:{kind};base64,{base64.b64encode(value).decode()}" if kind else None
    if not isinstance(value, np.ndarray) or not value.size:
        return None
    drawn = value[..., None] if value.ndim == 2 else value
    if drawn.ndim != 3 or drawn.shape[2] not in _COLORS or min(drawn.shape[:2]) < 2:
        return None
    return f"data:image/png;base64,{base64.b64encode(_png(_levels(drawn))).decode()}"


def _levels(drawn: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """At most ``MAX_SIDE`` pixels each way, 0 to 255; bytes that use their range are unchanged."""
    steps = [max(1, -(-extent // MAX_SIDE)) for extent in drawn.shape[:2]]
    drawn = drawn[:: steps[0], :: steps[1]]
    if drawn.dtype == np.uint8 and drawn.max() > 127:
        return np.ascontiguousarray(drawn)
    numbers = drawn.astype(np.float64)
    finite = np.isfinite(numbers)
    if not finite.any():
        return np.zeros(drawn.shape, np.uint8)
    low, high = numbers[finite].min(), numbers[finite].max()
    scaled = (np.where(finite, numbers, low) / 2 - low / 2) / max(high / 2 - low / 2, 1e-300)
    return np.ascontiguousarray(np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8))


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, _COLORS[channels], 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )


def _array_text(value: npt.NDArray[Any]) -> str:
    some = value.ravel()[:MAX_NUMBERS].tolist()
    texts = [str(one) if isinstance(one, bool | int) else format_number(one) for one in some]
    shape = " x ".join(map(str, value.shape))
    return f"{shape} {value.dtype}: {', '.join(texts)}{', …' if value.size > MAX_NUMBERS else ''}"


def _bytes_text(value: bytes) -> str:
    image = header(value)
    if image is not None:
        return f"{image.format}, {image.width} x {image.height} pixels, {len(value):,} bytes"
    start = value[:16].hex(" ")
    return f"{len(value):,} bytes: {start}{' …' if len(value) > 16 else ''}" if value else "0 bytes"
