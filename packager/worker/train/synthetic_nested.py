"""Synthetic values of array, list and bytes columns, of which none is copied from training.

Of the training values only the range of numbers and the size of pictures are used.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from packager.data.rows.synthetic_values import one_element, picture, ramp, zeros
from packager.manifest.manifest import Column

MAX_LOOKED_AT = 1_000
"""Maximum number of training values whose first bytes are read."""
MAX_PIXELS = 1 << 20
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_COLOURS = (0, 2, 4, 6)


def nested_generators(column: Column, values: pd.Series[Any]) -> Iterator[Callable[[int], Any]]:
    """Generators for ``column``, from a step (0, 1, …) to a JSON value; likelier ones first."""
    if column.kind == "array":
        yield lambda step: ramp(column, step)
        yield lambda _: zeros(column)
    elif column.kind == "list":
        yield lambda step: one_element(column) if step % 2 else []
        yield lambda _: one_element(column)
        yield lambda _: []
    elif are_pictures(values):
        size = _commonest_png(values)
        if size is not None:
            yield lambda step: picture(*size, level=step % 8 * 32)
        yield lambda step: picture(level=step % 8 * 32)
        yield lambda step: picture(colour=2, level=step % 8 * 32)
    else:
        yield lambda _: ""


def are_pictures(values: pd.Series[Any]) -> bool:
    """Whether all values, of those that are looked at, begin as pictures do."""
    begun = _begun(values)
    return bool(begun) and all(_is_picture(one) for one in begun)


def _begun(values: pd.Series[Any]) -> list[bytes]:
    """The first bytes of the values, as far as the size of a PNG."""
    some = values.dropna().head(MAX_LOOKED_AT)
    return [value[:32] for value in some if isinstance(value, bytes)]


def _is_picture(begun: bytes) -> bool:
    return begun.startswith(_SIGNATURES) or (begun[:4], begun[8:12]) == (b"RIFF", b"WEBP")


def _commonest_png(values: pd.Series[Any]) -> tuple[int, int, int] | None:
    """Width, height and colour type of most PNGs; None without one that is small enough."""
    counts: Counter[tuple[int, int, int]] = Counter()
    for begun in _begun(values):
        if begun.startswith(_SIGNATURES[0]) and begun[12:16] == b"IHDR" and len(begun) >= 26:
            width, height, _depth, colour = struct.unpack(">IIBB", begun[16:26])
            if 0 < width * height <= MAX_PIXELS:
                counts[width, height, colour if colour in _COLOURS else 2] += 1
    return counts.most_common(1)[0][0] if counts else None
