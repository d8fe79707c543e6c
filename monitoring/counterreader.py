"""Reading a worker's counter file: which keys it holds, and where their values lie.

prometheus_client appends to such a file and never moves what is there. It holds, in the
processor's byte order: four bytes that say how many are used, four of padding; then entries of a
length (four bytes), a key of so many, one to eight bytes of padding up to a word of eight, the
value and its time (doubles).
"""

from __future__ import annotations

import sys
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


@dataclass(frozen=True)
class Keys:
    """What a file holds beside values."""

    texts: tuple[bytes, ...]
    places: NDArray[np.intp]
    """Per key the word that is its value."""
    _rest: bytes
    """The file with zeros for values and times."""

    @classmethod
    def of(cls, path: Path, words: Words) -> Self:
        """The keys in ``words``, which were read from ``path``; raises ``ValueError``."""
        data = words.tobytes()
        texts, places = [], []
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
            texts.append(data[begin : begin + length])
            places.append(value)
            word = value + ENTRY_WORDS
        found = np.array(places, np.intp)
        return cls(tuple(texts), found, _without_values(words, found))

    def still_in(self, words: Words) -> bool:
        """Whether ``words`` differ from those that were read in values and times only.

        Told by the keys themselves: a file of another worker may have this one's name, length
        and, where it was deleted, even its inode.
        """
        return words.nbytes == len(self._rest) and _without_values(words, self.places) == self._rest


def _without_values(words: Words, places: NDArray[np.intp]) -> bytes:
    rest = words.copy()
    rest[places] = rest[places + 1] = 0
    return rest.tobytes()
