"""Codes are read bit by bit, and numbers by their size."""

from __future__ import annotations

import pytest

from monitoring.derived.jpeg_codes import BitReader, codes_of

COUNTS = bytes([1, 1, 2, *[0] * 13])  # 0, 10, 110, 111
CODES = codes_of(COUNTS, b"abcd")


def test_symbols_are_those_of_their_codes() -> None:
    bits = BitReader(bytes([0b0_10_110_11, 0b1_0_10_0000]), 100)
    assert bytes(bits.symbol(CODES) for _ in range(6)) == b"abcdab"


def test_the_lower_half_of_the_numbers_is_negative() -> None:
    bits = BitReader(bytes([0b000_111_01, 0b1_0000000]), 100)
    assert [bits.number(size) for size in (3, 3, 3, 0)] == [-7, 7, -4, 0]


def test_the_end_and_too_many_symbols_are_errors() -> None:
    with pytest.raises(IndexError, match="too many symbols"):
        BitReader(b"abc", 0).symbol(CODES)
    bits = BitReader(b"", 10_000)
    with pytest.raises(IndexError, match="the scan ends"):
        _read(bits, 1_000)
    with pytest.raises(ValueError, match="a symbol for each code"):
        codes_of(COUNTS, b"abc")


def _read(bits: BitReader, count: int) -> None:
    for _ in range(count):
        bits.symbol(CODES)
