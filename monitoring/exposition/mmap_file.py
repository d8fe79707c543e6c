"""Reads a worker's counter file: its keys, and the offsets of their values.

prometheus_client appends to such a file and never moves entries. It contains, in the processor's
byte order: four bytes with the number of used bytes, four bytes of padding; then entries of a key
length (four bytes), the key, one to eight bytes of padding up to a word of eight bytes, the value
and its timestamp (doubles).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

WORD = 8
ENTRY_WORDS = 2
"""A value and its timestamp, after the key."""

Words = NDArray[np.int64]


def read_words(path: Path) -> Words:
    """The used part of a file, in words of eight bytes; empty for a new file.

    Its worker may be writing: data is written before the number of used bytes includes it.
    """
    data = path.read_bytes()
    used = min(int.from_bytes(data[:4], sys.byteorder), len(data))
    return np.frombuffer(data, np.int64, used // WORD)


def entries(path: Path, words: Words) -> Iterator[tuple[bytes, int]]:
    """Each key in ``words``, which were read from ``path``, and the index of its value's word.

    Raises ``ValueError`` for another format.
    """
    data = words.tobytes()
    word = 1
    while word < len(words):
        begin = word * WORD + 4
        length = int.from_bytes(data[begin - 4 : begin], sys.byteorder, signed=True)
        value = (begin + length) // WORD + 1
        if length < 0 or value + ENTRY_WORDS > len(words):
            raise ValueError(
                f"{path}: expected an entry within {len(data)} bytes at byte {begin - 4},"
                f" got a key of {length}"
            )
        yield data[begin : begin + length], value
        word = value + ENTRY_WORDS


@dataclass(frozen=True)
class ValueOffsets:
    """The offsets of the values in a file."""

    values: NDArray[np.intp]
    """Word indices, in the order of the keys."""
    rest: bytes
    """The file with values and timestamps set to zero."""

    @classmethod
    def of(cls, words: Words, values: Sequence[int]) -> Self:
        """From the words of a file and the word indices of its values."""
        indices = np.array(values, np.intp)
        return cls(indices, _without_values(words, indices))

    def still_in(self, words: Words) -> bool:
        """Whether ``words`` differ from those of ``of`` only in values and timestamps.

        The keys are compared: a file of another worker may have this one's name, length and, after
        a deletion, even its inode.
        """
        return words.nbytes == len(self.rest) and _without_values(words, self.values) == self.rest


def _without_values(words: Words, indices: NDArray[np.intp]) -> bytes:
    rest = words.copy()
    rest[indices] = rest[indices + 1] = 0
    return rest.tobytes()
