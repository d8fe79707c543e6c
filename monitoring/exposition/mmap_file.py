"""Reading a worker's counter file: which keys it holds, and where their values lie.

prometheus_client appends to such a file and never moves what is there. It holds, in the
processor's byte order: four bytes that say how many are used, four of padding; then entries of a
length (four bytes), a key of so many, one to eight bytes of padding up to a word of eight, the
value and its time (doubles).
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
"""A value and its time, behind the key."""

Words = NDArray[np.int64]


def read_words(path: Path) -> Words:
    """The used part of a file, in words of eight bytes; empty for one that was just made.

    Its worker may be writing: what counts as used was written before it was counted.
    """
    data = path.read_bytes()
    used = min(int.from_bytes(data[:4], sys.byteorder), len(data))
    return np.frombuffer(data, np.int64, used // WORD)


def entries(path: Path, words: Words) -> Iterator[tuple[bytes, int]]:
    """Each key in ``words``, which were read from ``path``, and which word its value is.

    Raises ``ValueError`` for a file that holds something else.
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
    """Where in a file the values lie."""

    values: NDArray[np.intp]
    """Their words, in the order of the keys."""
    rest: bytes
    """The file with zeros for values and times."""

    @classmethod
    def of(cls, words: Words, values: Sequence[int]) -> Self:
        """Of the file whose words these are."""
        places = np.array(values, np.intp)
        return cls(places, _without_values(words, places))

    def still_in(self, words: Words) -> bool:
        """Whether ``words`` differ from those that were read in values and times only.

        Told by the keys themselves: a file of another worker may have this one's name, length
        and, where it was deleted, even its inode.
        """
        return words.nbytes == len(self.rest) and _without_values(words, self.values) == self.rest


def _without_values(words: Words, places: NDArray[np.intp]) -> bytes:
    rest = words.copy()
    rest[places] = rest[places + 1] = 0
    return rest.tobytes()
