"""Huffman codes of JPEG, and the bits that they are read from (ISO/IEC 10918-1, C and F)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


class HuffmanCodes(NamedTuple):
    """Codes in ascending order, each filled up with zeros to 16 bits."""

    firsts: Sequence[int]
    lengths: Sequence[int]
    symbols: Sequence[int]


@lru_cache(maxsize=32)
def codes_of(counts: bytes, symbols: bytes) -> HuffmanCodes:
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
    return HuffmanCodes(firsts, lengths, [*symbols])


class BitReader:
    """The bits of a scan, between two restarts."""

    def __init__(self, data: bytes, left: int) -> None:
        """``left``: how many symbols may be read."""
        self.left = left
        self._data = data
        self._at = 0
        self._held = 0
        self._count = 0

    def symbol(self, codes: HuffmanCodes) -> int:
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
