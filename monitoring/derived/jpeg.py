"""Mean and spread of the brightness of a JPEG (ISO/IEC 10918-1), from its first coefficients.

The transform of a JPEG is orthonormal: the mean of a block is its first coefficient, and the sum of
the squares of all its coefficients is that of its pixels (Parseval). So no block is transformed
back, and only Huffman codes are decoded. Sequential JPEGs of 8 bits, grey or in YCbCr.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

MAX_BLOCKS = 64
"""Blocks of 8 x 8 pixels of brightness decoded, from the top left: 4,096 pixels."""
MAX_SEGMENTS = 1_000
"""Segments and fill bytes before the scan."""
MAX_SYMBOLS = 8_000
"""Codes read of a scan, some 8 ms: of noise these are fewer than ``MAX_BLOCKS`` blocks."""
MAX_SCAN_BYTES = 1 << 15
"""Of a scan: no ``MAX_SYMBOLS`` codes with their numbers have more."""
MAX_SAMPLING = 4
"""Blocks of a component beside and above each other in a unit."""
_SEQUENTIAL = (0xC0, 0xC1)
_OTHER_FRAMES = frozenset({*range(0xC2, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MIDDLE = 128
_SIDE = 8


class _Huffman(NamedTuple):
    """Codes in ascending order, each filled up with zeros to 16 bits."""

    firsts: Sequence[int]
    lengths: Sequence[int]
    symbols: Sequence[int]


@dataclass
class _Tables:
    """What the segments before the scan say."""

    quantization: dict[int, Sequence[int]] = field(default_factory=dict)
    huffman: dict[int, _Huffman] = field(default_factory=dict)
    """Class in the higher and number in the lower four bits → codes."""
    components: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Identifier → blocks of a unit, and the number of the quantization table; the first is the
    brightness."""
    restart: int = 0
    """Units between restarts; 0: none."""
    is_rgb: bool = False


class _Coded(NamedTuple):
    """A component of the scan."""

    blocks: int
    """In a unit."""
    first: _Huffman
    others: _Huffman
    is_light: bool


class JpegLight(NamedTuple):
    """The brightness of the first blocks, from 0 to 1."""

    mean: float
    spread: float
    """The standard deviation of the pixels."""
    blocks: list[float]
    """The mean of each block."""


def light(data: bytes) -> JpegLight | None:
    """The brightness of the first blocks.

    None for what is no such JPEG, is damaged, or ends before them.
    """
    try:
        return _light(data)
    except (struct.error, IndexError, KeyError, ValueError, StopIteration):
        return None


def _light(data: bytes) -> JpegLight | None:
    tables = _Tables()
    for mark, start, stop in _segments(data):
        if mark in _OTHER_FRAMES or tables.is_rgb:
            return None
        if mark == 0xDA:
            return _measured(data, start, stop, tables)
        _note(tables, mark, data[start:stop])
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The mark of each segment, and where its content starts and stops."""
    if data[:2] != b"\xff\xd8":
        return
    at = 2
    for _ in range(MAX_SEGMENTS):
        if data[at] != 0xFF:
            return
        mark = data[at + 1]
        if mark == 0xFF:  # a fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield mark, at + 4, at + 2 + length
        at += 2 + length


def _note(tables: _Tables, mark: int, content: bytes) -> None:
    if mark == 0xDB:
        tables.quantization |= _quantization(content)
    elif mark == 0xC4:
        tables.huffman |= _huffman_tables(content)
    elif mark == 0xDD:
        (tables.restart,) = struct.unpack(">H", content)
    elif mark == 0xEE and content.startswith(b"Adobe") and len(content) > 11:
        tables.is_rgb = content[11] == 0 and len(tables.components) != 1
    elif mark in _SEQUENTIAL:
        bits, count = content[0], content[5]
        if bits != 8 or count not in (1, 3):
            raise ValueError(f"expected 8 bits and 1 or 3 components, got {bits} and {count}")
        tables.components = {
            content[at]: (_blocks(content[at + 1]), content[at + 2])
            for at in range(6, 6 + 3 * count, 3)
        }
        tables.is_rgb = tables.is_rgb and count == 3


def _blocks(sampling: int) -> int:
    """The blocks of a component in a unit."""
    wide, high = sampling >> 4, sampling & 15
    if not (1 <= wide <= MAX_SAMPLING and 1 <= high <= MAX_SAMPLING):
        raise ValueError(f"expected 1 to {MAX_SAMPLING} blocks, got {wide} x {high}")
    return wide * high


def _quantization(content: bytes) -> dict[int, Sequence[int]]:
    found: dict[int, Sequence[int]] = {}
    at = 0
    while at < len(content):
        wide, number = content[at] >> 4, content[at] & 15
        found[number] = struct.unpack_from(">64H" if wide else "64B", content, at + 1)
        at += 129 if wide else 65
    return found


def _huffman_tables(content: bytes) -> dict[int, _Huffman]:
    found: dict[int, _Huffman] = {}
    at = 0
    while at < len(content):
        total = sum(content[at + 1 : at + 17])
        found[content[at]] = _huffman(content[at + 1 : at + 17], content[at + 17 : at + 17 + total])
        at += 17 + total
    return found


@lru_cache(maxsize=32)
def _huffman(counts: bytes, symbols: bytes) -> _Huffman:
    """The codes of the symbols, of which there are ``counts`` of each length from 1 to 16."""
    firsts, lengths, code = [], [], 0
    for length, count in enumerate(counts, start=1):
        for _ in range(count):
            firsts.append(code << (16 - length))
            lengths.append(length)
            code += 1
        code <<= 1
    if len(symbols) != len(firsts) or not firsts:
        raise ValueError("expected a symbol for each code")
    return _Huffman(firsts, lengths, [*symbols])


class _Bits:
    """The bits of a scan, between two restarts."""

    def __init__(self, data: bytes, left: int) -> None:
        """``left``: how many symbols may be read."""
        self.left = left
        self._data = data
        self._at = 0
        self._held = 0
        self._count = 0

    def symbol(self, codes: _Huffman) -> int:
        """The next symbol; raises ``IndexError`` at the end, and if too many were read."""
        self.left -= 1
        if self.left < 0:
            raise IndexError("too many symbols")
        if self._count < 16:
            self._fill()
        ahead = self._held >> (self._count - 16) & 0xFFFF
        place = bisect_right(codes.firsts, ahead) - 1
        self._count -= codes.lengths[place]
        return codes.symbols[place]

    def number(self, size: int) -> int:
        """The next number of ``size`` bits, of which the lower half are negative."""
        if not size:
            return 0
        if self._count < size:
            self._fill()
        self._count -= size
        value = self._held >> self._count & ((1 << size) - 1)
        return value if value >> (size - 1) else value - (1 << size) + 1

    def _fill(self) -> None:
        more = self._data[self._at : self._at + 8]
        self._at += 8
        if self._at > len(self._data) + 16:
            raise IndexError("the scan ends")
        kept = self._held & ((1 << self._count) - 1)
        # Codes at the end are read with the bits after them.
        self._held = kept << 64 | int.from_bytes(more.ljust(8, b"\xff"), "big")
        self._count += 64


def _measured(data: bytes, start: int, stop: int, tables: _Tables) -> JpegLight | None:
    """The brightness of the scan whose header is between ``start`` and ``stop``."""
    scan = _components(data[start:stop], tables)
    identifier = next(iter(tables.components))
    steps = tables.quantization[tables.components[identifier][1]]
    intervals = iter(_intervals(data[stop : stop + MAX_SCAN_BYTES]))
    firsts: list[int] = []
    squares, units = 0.0, 0
    bits, before = _Bits(next(intervals), MAX_SYMBOLS), [0] * len(scan)
    while len(firsts) < MAX_BLOCKS:
        if tables.restart and units and not units % tables.restart:
            part = next(intervals, None)
            if part is None:
                break
            bits, before = _Bits(part, bits.left), [0] * len(scan)
        try:
            for number, one in enumerate(scan):
                for _ in range(one.blocks):
                    square, before[number] = _block(bits, one, before[number], steps)
                    if one.is_light:
                        firsts.append(before[number])
                        squares += square
        except IndexError:  # the image has fewer blocks, or is noise
            break
        units += 1
    if not firsts:
        return None
    means = [first * steps[0] / _SIDE for first in firsts]
    mean = sum(means) / len(means)
    spread = math.sqrt(max(0.0, squares / _SIDE**2 / len(means) - mean * mean))
    return JpegLight(_bright(mean), min(1.0, spread / 255), [*map(_bright, means)])


def _bright(level: float) -> float:
    return min(1.0, max(0.0, (level + _MIDDLE) / 255))


def _components(head: bytes, tables: _Tables) -> list[_Coded]:
    """The components of a scan; raises ``ValueError`` if the brightness is none of them."""
    light_is = next(iter(tables.components))
    found = []
    for at in range(1, 1 + 2 * head[0], 2):
        blocks = tables.components[head[at]][0] if head[0] > 1 else 1
        first, others = head[at + 1] >> 4, head[at + 1] & 15
        found.append(
            _Coded(
                blocks,
                tables.huffman[first],
                tables.huffman[0x10 | others],
                head[at] == light_is,
            )
        )
    if not any(one.is_light for one in found):
        raise ValueError("expected the brightness in the first scan")
    return found


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


def _block(bits: _Bits, one: _Coded, before: int, steps: Sequence[int]) -> tuple[float, int]:
    """The sum of the squares of a block's coefficients, and its first coefficient undivided."""
    first = before + bits.number(bits.symbol(one.first))
    square = float(first * steps[0]) ** 2
    place = 1
    while place < 64:
        symbol = bits.symbol(one.others)
        size = symbol & 15
        if not size:
            if symbol != 0xF0:  # the others are 0
                break
            place += 16
            continue
        place += symbol >> 4
        square += float(bits.number(size) * steps[place]) ** 2
        place += 1
    return square, first
