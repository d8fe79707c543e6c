"""Huffman codes of JPEG, and the bits that they are read from (ISO/IEC 10918-1, C and F)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

AHEAD = 16
"""Bits that are looked at: no code, and no number after it, has more."""
NO_CODE = 1 << 40
"""Bits of what no code begins with: beyond the end of any scan."""
_EVERY = 64
"""Coefficients of a block."""
_MORE_ZEROS = 15
Words = npt.NDArray[np.uint16]
Whole = npt.NDArray[np.int64]


class HuffmanCodes(NamedTuple):
    """The code at the beginning of the next ``AHEAD`` bits, by their value."""

    bits: Sequence[int]
    """Of the code and of the number that follows it."""
    coefficients: Sequence[int]
    """Number of coefficients of a block for which the code stands, but for the first one's."""
    lengths: Whole
    """Bits of the code alone."""
    symbols: Whole


@lru_cache(maxsize=16)
def codes_of(counts: bytes, symbols: bytes) -> HuffmanCodes:
    """The codes of the symbols, of which there are ``counts`` of each length from 1 to 16."""
    own = [length for length, count in enumerate(counts, start=1) for _ in range(count)]
    each = [1 << (AHEAD - length) for length in own]
    rest = (1 << AHEAD) - sum(each)
    if len(symbols) != len(own) or not own or rest < 0:
        raise ValueError("expected a symbol for each code, and codes that differ")
    bits: list[int] = []
    coefficients: list[int] = []
    for symbol, length, times in zip(symbols, own, each, strict=True):
        zeros, size = symbol >> 4, symbol & 15
        many = zeros + 1 if size or zeros == _MORE_ZEROS else _EVERY  # the others are 0
        bits += [length + size] * times
        coefficients += [many] * times
    each.append(rest)
    return HuffmanCodes(
        bits + [NO_CODE] * rest,
        coefficients + [_EVERY] * rest,
        np.repeat(np.array([*own, 0]), each),
        np.repeat(np.array([*symbols, 0]), each),
    )


def words_of(data: bytes) -> Words:
    """The 16 bits that begin at each bit of ``data`` and at the 16 after it, which are ones."""
    padded = np.frombuffer(data + b"\xff" * 4, np.uint8).astype(np.uint32)
    wide = padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]
    shifts = np.arange(8, 0, -1, dtype=np.uint32)
    return (wide[:, np.newaxis] >> shifts).astype(np.uint16).ravel()


def numbers_at(words: Words, indices: Whole, sizes: Whole) -> Whole:
    """The numbers of ``sizes`` bits that begin at ``indices``; the lower half are negative."""
    raw = words[indices].astype(np.int64) >> (AHEAD - sizes)
    positive = raw >> np.maximum(sizes - 1, 0) > 0
    return np.where(positive, raw, raw - (1 << sizes) + 1)
