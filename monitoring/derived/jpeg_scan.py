"""Decodes the brightness of the first scan of a sequential JPEG: its codes, then the transform.

Codes are read one by one, numbers all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.derived.jpeg_codes import HuffmanCodes, Words, codes_of, numbers_at, words_of
from monitoring.derived.jpeg_segments import JpegComponent, JpegTables

Floats = npt.NDArray[np.float32]

SIDE = 8
BLOCK = SIDE * SIDE
_MIDDLE = 128


def _order() -> list[int]:
    """The place in a block of each coefficient in the order of the file (A.3.6)."""
    indices = [(row + column, row, column) for row in range(SIDE) for column in range(SIDE)]
    indices.sort(key=lambda at: (at[0], at[1] if at[0] % 2 else at[2]))
    return [row * SIDE + column for _, row, column in indices]


_ORDER = np.array(_order())
_FREQUENCIES = np.arange(SIDE)[:, np.newaxis]
_ANGLES = (2 * np.arange(SIDE) + 1) * _FREQUENCIES * np.pi / (2 * SIDE)
_WEIGHTS = np.where(_FREQUENCIES == 0, np.sqrt(0.5), 1) / 2
_COSINES = (np.cos(_ANGLES) * _WEIGHTS).astype(np.float32)
"""Rows: frequencies, columns: pixels (A.3.3)."""


class ScanLimits(NamedTuple):
    """Limits of what is read of a scan."""

    codes: int
    """Each takes some 0.2 µs."""
    bytes: int


class _Coded(NamedTuple):
    """A component of the scan."""

    blocks: int
    """In a unit."""
    first: HuffmanCodes
    others: HuffmanCodes
    is_light: bool


@dataclass
class _Marks:
    """Offsets of the codes of the brightness in the scan."""

    firsts: list[int] = field(default_factory=list)
    """The bit at which the code of each block's first coefficient begins."""
    restarts: list[int] = field(default_factory=list)
    """The blocks whose first coefficient is no difference."""
    others: list[int] = field(default_factory=list)
    """The bit at which the code of another coefficient begins."""
    indices: list[int] = field(default_factory=list)
    """The place in the block at which its zeros begin."""
    ends: list[int] = field(default_factory=list)
    """Number of other codes up to the end of each block."""


def light_of_scan(
    data: bytes, scan: tuple[int, int], tables: JpegTables, limits: ScanLimits
) -> Floats | None:
    """The brightness of the first lines of pixels, from 0 to 255: shape (lines, width).

    ``scan``: where its header starts and stops. None if no line of units is whole within
    ``limits``. Raises ``IndexError``, ``KeyError`` or ``ValueError`` for a damaged file.
    """
    coded = _components(data[slice(*scan)], tables)
    light = tables.components[next(iter(tables.components))]
    wide, high = (1, 1) if len(coded) == 1 else (light.wide, light.high)
    width, height = _light_size(tables, light)
    across, down = -(-width // (SIDE * wide)), -(-height // (SIDE * high))
    parts = [*_intervals(data[scan[1] : scan[1] + limits.bytes])]
    words, marks = words_of(b"".join(parts)), _Marks()
    _read(words, parts, coded, (across * down, tables.restart, limits.codes), marks)
    lines = len(marks.ends) // (across * wide * high)
    if not lines:
        return None
    steps = np.array(tables.quantization[light.quantization], np.float32)
    own = next(one for one in coded if one.is_light)
    blocks = _blocks(words, marks, lines * across * wide * high, steps, own)
    pixels = blocks.reshape(lines, across, high, wide, SIDE, SIDE).transpose(0, 2, 4, 1, 3, 5)
    return pixels.reshape(lines * high * SIDE, across * wide * SIDE)[:height, :width]


def _light_size(tables: JpegTables, light: JpegComponent) -> tuple[int, int]:
    """Width and height of the component of the brightness (A.1.1)."""
    most_wide = max(component.wide for component in tables.components.values())
    most_high = max(component.high for component in tables.components.values())
    width, height = tables.size
    if not width or not height:
        raise ValueError(f"expected a size, got {width} x {height}")
    return -(-width * light.wide // most_wide), -(-height * light.high // most_high)


def _components(head: bytes, tables: JpegTables) -> list[_Coded]:
    """The components of a scan; raises ``ValueError`` if the brightness is none of them."""
    light_is = next(iter(tables.components))
    if head[0] > len(tables.components):
        raise ValueError(f"expected the components of the image, got {head[0]}")
    components = []
    for at in range(1, 1 + 2 * head[0], 2):
        own = tables.components[head[at]]
        first, others = head[at + 1] >> 4, head[at + 1] & 15
        components.append(
            _Coded(
                own.wide * own.high if head[0] > 1 else 1,
                codes_of(*tables.huffman[first]),
                codes_of(*tables.huffman[0x10 | others]),
                head[at] == light_is,
            )
        )
    if not any(one.is_light for one in components):
        raise ValueError("expected the brightness in the first scan")
    return components


def _intervals(scan: bytes) -> Iterator[bytes]:
    """The bytes between restarts, without the zeros after 255; stops at any other mark."""
    start = at = 0
    while (at := scan.find(b"\xff", at)) >= 0 and at + 1 < len(scan):
        mark = scan[at + 1]
        if mark and not 0xD0 <= mark <= 0xD7:
            break
        if mark:
            yield scan[start:at].replace(b"\xff\x00", b"\xff")
            start = at + 2
        at += 2
    yield (scan[start:at] if at >= 0 else scan[start:]).replace(b"\xff\x00", b"\xff")


def _read(
    words: Words,
    parts: Sequence[bytes],
    coded: Sequence[_Coded],
    limits: tuple[int, int, int],
    marks: _Marks,
) -> None:
    """Read until the units, the codes or the bytes end.

    ``limits``: all units, those between restarts (0: all), codes.
    """
    units, between, remaining = limits
    view: Any = words.data
    start = 0
    for part in parts:
        end = start + 8 * len(part)
        marks.restarts.append(len(marks.ends))
        whole = min(between or units, units)
        try:
            remaining = _read_part(view, (start, end), coded, (whole, remaining), marks)
        except IndexError:  # the file ends, or is damaged
            return
        units -= whole
        if not units:
            return
        start = end


def _read_part(
    words: Any,
    bits: tuple[int, int],
    coded: Sequence[_Coded],
    limits: tuple[int, int],
    marks: _Marks,
) -> int:
    """Read units between two restarts; return how many codes may still be read.

    ``bits``: the first one, and the one after the last; ``limits``: units and codes. Raises
    ``IndexError`` where either ends.
    """
    at, end = bits
    units, remaining = limits
    others_at, places_at = marks.others.append, marks.indices.append
    for _ in range(units):
        for one in coded:
            first, others, steps = one.first.bits, one.others.bits, one.others.coefficients
            for _ in range(one.blocks):
                start = at
                at += first[words[at]]
                index = 1
                if one.is_light:
                    while index < BLOCK:
                        word = words[at]
                        others_at(at)
                        places_at(index)
                        at += others[word]
                        index += steps[word]
                        remaining -= 1
                else:
                    while index < BLOCK:
                        word = words[at]
                        at += others[word]
                        index += steps[word]
                        remaining -= 1
                remaining -= 1
                if at > end or remaining < 0:
                    raise IndexError("the scan or the codes that may be read end")
                if one.is_light:
                    marks.firsts.append(start)
                    marks.ends.append(len(marks.others))
    return remaining


def _blocks(words: Words, marks: _Marks, count: int, steps: Floats, own: _Coded) -> Floats:
    """The pixels of the first ``count`` blocks, from 0 to 255: shape (count, SIDE, SIDE)."""
    firsts = np.array(marks.firsts[:count])
    codes = words[firsts]
    sizes = own.first.symbols[codes] & 15
    differences = numbers_at(words, firsts + own.first.lengths[codes], sizes)
    sums = np.cumsum(differences)
    restarts = np.array([at for at in marks.restarts if at < count])
    before = np.append(0, sums)[restarts]
    coefficients = np.zeros((count, BLOCK), np.float32)
    coefficients[:, 0] = (
        sums - before[restarts.searchsorted(np.arange(count), "right") - 1]
    ) * steps[0]
    last = marks.ends[count - 1]
    others = np.array(marks.others[:last], np.int64)
    codes = words[others]
    symbols = own.others.symbols[codes]
    indices = np.array(marks.indices[:last], np.int64) + (symbols >> 4)
    nonzero = (symbols & 15 > 0) & (indices < BLOCK)
    numbers = numbers_at(
        words, (others + own.others.lengths[codes])[nonzero], (symbols & 15)[nonzero]
    )
    blocks = np.repeat(np.arange(count), np.diff([0, *marks.ends[:count]]))
    indices = indices[nonzero]
    coefficients[blocks[nonzero], _ORDER[indices]] = numbers * steps[indices]
    across = (coefficients.reshape(-1, SIDE) @ _COSINES).reshape(count, SIDE, SIDE)
    pixels = (across.transpose(0, 2, 1).reshape(-1, SIDE) @ _COSINES).reshape(count, SIDE, SIDE)
    return np.clip(pixels.transpose(0, 2, 1) + _MIDDLE, 0, 255)
