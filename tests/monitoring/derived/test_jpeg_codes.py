"""Codes are found by the bits that begin with them, and numbers by place and size."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.derived.jpeg_codes import NO_CODE, codes_of, numbers_at, words_of

COUNTS = bytes([1, 1, 1, *[0] * 13])  # 0, 10, 110
CODES = codes_of(COUNTS, b"\x02\xf0\x00")


def test_a_code_is_known_by_the_bits_that_it_begins() -> None:
    at = [0b0_11 << 13, 0b10 << 14, 0b110 << 13, 0b111 << 13]
    assert [CODES.bits[one] for one in at] == [1 + 2, 2, 3, NO_CODE]
    assert [CODES.coefficients[one] for one in at] == [1, 16, 64, 64]
    assert CODES.lengths[at].tolist() == [1, 2, 3, 0]
    assert CODES.symbols[at].tolist() == [2, 0xF0, 0, 0]


def test_the_lower_half_of_the_numbers_is_negative() -> None:
    words = words_of(bytes([0b000_111_01, 0b1_0000000]))
    found = numbers_at(words, np.array([0, 3, 6, 9]), np.array([3, 3, 3, 0]))
    assert found.tolist() == [-7, 7, -4, 0]


def test_after_the_end_are_ones() -> None:
    words = words_of(b"\x00")
    assert [words[at] for at in (0, 4, 8, 23)] == [0xFF, 0xFFF, 0xFFFF, 0xFFFF]
    assert len(words) == 24


@pytest.mark.parametrize(
    ("counts", "symbols"), [(COUNTS, b"ab"), (bytes(16), b""), (bytes([3, *[0] * 15]), b"abc")]
)
def test_damaged_tables_are_errors(counts: bytes, symbols: bytes) -> None:
    with pytest.raises(ValueError, match="a symbol for each code"):
        codes_of(counts, symbols)
