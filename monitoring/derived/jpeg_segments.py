"""The segments of a JPEG before its scan (ISO/IEC 10918-1, B.2): sequential, of 8 bits."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_SEGMENTS = 1_000
"""Segments and fill bytes before the scan."""
MAX_SAMPLING = 4
"""Blocks of a component beside and above each other in a unit."""
SCAN = 0xDA
_SEQUENTIAL = (0xC0, 0xC1)
_OTHER_FRAMES = frozenset({*range(0xC2, 0xD0)} - {0xC4, 0xC8, 0xCC})


class JpegComponent(NamedTuple):
    """A component of the image: its blocks in a unit, and the number of its quantization table."""

    wide: int
    high: int
    quantization: int


@dataclass
class JpegTables:
    """The tables in the segments before the scan."""

    quantization: dict[int, Sequence[int]] = field(default_factory=dict)
    huffman: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    """Class in the higher and number in the lower four bits → how many codes have each length, and
    their symbols."""
    size: tuple[int, int] = (0, 0)
    """Width and height in pixels."""
    components: Mapping[int, JpegComponent] = field(default_factory=dict)
    """By identifier; the first is the brightness."""
    restart: int = 0
    """Units between restarts; 0: none."""
    is_rgb: bool = False


def read_tables(data: bytes) -> tuple[JpegTables, int, int] | None:
    """The tables, and where the header of the first scan starts and stops.

    None for what is no sequential JPEG of 8 bits, grey or in YCbCr. Raises ``struct.error``,
    ``IndexError`` or ``ValueError`` for a damaged one.
    """
    tables = JpegTables()
    for mark, start, stop in _segments(data):
        if mark in _OTHER_FRAMES or tables.is_rgb:
            return None
        if mark == SCAN:
            return tables, start, stop
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


def _note(tables: JpegTables, mark: int, content: bytes) -> None:
    if mark == 0xDB:
        tables.quantization |= _quantization(content)
    elif mark == 0xC4:
        tables.huffman |= _huffman_tables(content)
    elif mark == 0xDD:
        (tables.restart,) = struct.unpack(">H", content)
    elif mark == 0xEE and content.startswith(b"Adobe") and len(content) > 11:
        tables.is_rgb = content[11] == 0 and len(tables.components) != 1
    elif mark in _SEQUENTIAL:
        bits, height, width, count = struct.unpack_from(">BHHB", content)
        if bits != 8 or count not in (1, 3):
            raise ValueError(f"expected 8 bits and 1 or 3 components, got {bits} and {count}")
        tables.size = width, height
        tables.components = {
            content[at]: _component(content[at + 1], content[at + 2])
            for at in range(6, 6 + 3 * count, 3)
        }
        tables.is_rgb = tables.is_rgb and count == 3


def _component(sampling: int, quantization: int) -> JpegComponent:
    wide, high = sampling >> 4, sampling & 15
    if not (1 <= wide <= MAX_SAMPLING and 1 <= high <= MAX_SAMPLING):
        raise ValueError(f"expected 1 to {MAX_SAMPLING} blocks, got {wide} x {high}")
    return JpegComponent(wide, high, quantization)


def _quantization(content: bytes) -> dict[int, Sequence[int]]:
    tables: dict[int, Sequence[int]] = {}
    at = 0
    while at < len(content):
        wide, number = content[at] >> 4, content[at] & 15
        tables[number] = struct.unpack_from(">64H" if wide else "64B", content, at + 1)
        at += 129 if wide else 65
    return tables


def _huffman_tables(content: bytes) -> dict[int, tuple[bytes, bytes]]:
    tables: dict[int, tuple[bytes, bytes]] = {}
    at = 0
    while at < len(content):
        total = sum(content[at + 1 : at + 17])
        tables[content[at]] = content[at + 1 : at + 17], content[at + 17 : at + 17 + total]
        at += 17 + total
    return tables
