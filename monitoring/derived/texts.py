"""Numbers and categories derived from text: length, unseen words, script, frequent words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Literal
from zlib import crc32

import numpy as np
import numpy.typing as npt

from monitoring.derived import vocabulary

Floats = npt.NDArray[np.float64]

MAX_CHARACTERS = 2_000
"""Characters of a text that are split into words; the length is that of the whole text."""
MAX_LETTERS = 200
"""Letters of a text whose script is looked up."""
MIN_SCRIPT_SHARE = 0.8
"""A text with a smaller share of its commonest script is ``mixed``."""
MAX_TOKENS = 8
MAX_TOKEN_SHARE = 0.5
"""A word in more rows than this says nothing about a row."""
NO_TOKEN = "none"
_TAKEN = (NO_TOKEN, "other")
_ALONE = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_WORDS = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
"""A word; in scripts without spaces a letter."""
_SCRIPTS = (
    (0x0000, "Latin"),
    (0x0370, "Greek"),
    (0x0400, "Cyrillic"),
    (0x0530, "other"),
    (0x0590, "Hebrew"),
    (0x0600, "Arabic"),
    (0x0780, "other"),
    (0x0900, "Devanagari"),
    (0x0980, "other"),
    (0x0E00, "Thai"),
    (0x0E80, "other"),
    (0x1100, "Hangul"),
    (0x1200, "other"),
    (0x1C80, "Cyrillic"),
    (0x1C90, "other"),
    (0x1E00, "Latin"),
    (0x1F00, "Greek"),
    (0x2000, "other"),
    (0x2C60, "Latin"),
    (0x2C80, "other"),
    (0x2DE0, "Cyrillic"),
    (0x2E00, "Han"),
    (0x3040, "Kana"),
    (0x3100, "other"),
    (0x3130, "Hangul"),
    (0x3190, "other"),
    (0x31F0, "Kana"),
    (0x3200, "other"),
    (0x3400, "Han"),
    (0xA000, "other"),
    (0xA720, "Latin"),
    (0xA800, "other"),
    (0xA960, "Hangul"),
    (0xA980, "other"),
    (0xAC00, "Hangul"),
    (0xD800, "other"),
    (0xF900, "Han"),
    (0xFB00, "Latin"),
    (0xFB1D, "Hebrew"),
    (0xFB50, "Arabic"),
    (0xFE00, "other"),
    (0xFE70, "Arabic"),
    (0xFEFF, "other"),
    (0xFF21, "Latin"),
    (0xFF66, "Kana"),
    (0xFFA0, "Hangul"),
    (0xFFE0, "other"),
    (0x20000, "Han"),
    (0x32000, "other"),
)
"""The first code point of each range of letters, and its script (Unicode 15)."""
_STARTS = [start for start, _ in _SCRIPTS]


class TextCells:
    """Texts of one column; None for null."""

    kind: Literal["string"] = "string"

    def __init__(self, values: Sequence[str | None]) -> None:
        self._values = values

    def measured(self, measure: str, learned: str) -> Floats | list[str | None]:
        """The number or category of each text; ``learned``: what ``learn`` returned for it."""
        if measure == "length":
            lengths = [np.nan if text is None else len(text) for text in self._values]
            return np.array(lengths, np.float64)
        if measure == "unseen":
            return vocabulary.unseen_shares(self.hashes, vocabulary.known_words(learned))
        if measure == "token":
            return _first_of(self.words, frozenset(learned.split()))
        return [None if text is None else script(text) for text in self._values]

    def learn_vocabulary(self) -> tuple[str, Floats]:
        """As ``vocabulary.learn``."""
        return vocabulary.learn(self.hashes)

    def learn_tokens(self) -> str:
        """The words in the most rows, but at most half of them, separated by spaces."""
        times = Counter(word for row in self.words if row is not None for word in set(row))
        most = MAX_TOKEN_SHARE * len(self._values)
        able = ((-n, word) for word, n in times.items() if n <= most and word not in _TAKEN)
        return " ".join(sorted(word for _, word in sorted(able)[:MAX_TOKENS]))

    @cached_property
    def words(self) -> list[list[str] | None]:
        """The words of each text."""
        return [None if text is None else words(text) for text in self._values]

    @cached_property
    def hashes(self) -> list[list[int] | None]:
        """The hashes of each text's words, 32 bits each."""
        return [None if row is None else hashes_of(row) for row in self.words]


def words(text: str) -> list[str]:
    """The words of the first ``MAX_CHARACTERS`` characters, without case."""
    return _WORDS.findall(text[:MAX_CHARACTERS].lower())


def hashes_of(some: Sequence[str]) -> list[int]:
    """A hash of 32 bits of each word, the same on every machine."""
    return list(map(_hash_of, some))


@lru_cache(maxsize=16_384)
def _hash_of(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


def script(text: str) -> str:
    """The script of most letters: ``Latin``, ``Cyrillic``, …, ``mixed``, or ``none``."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text[:MAX_CHARACTERS])) else "none"
    letters = [letter for letter in text[:MAX_CHARACTERS] if letter.isalpha()][:MAX_LETTERS]
    if not letters:
        return "none"
    times = Counter(_SCRIPTS[bisect_right(_STARTS, ord(letter)) - 1][1] for letter in letters)
    if times["Kana"]:  # Japanese has both
        times["Kana"] += times.pop("Han", 0)
    name, count = min(times.items(), key=lambda pair: (-pair[1], pair[0]))
    return name if count >= MIN_SCRIPT_SHARE * len(letters) else "mixed"


def _first_of(rows: Sequence[Sequence[str] | None], tokens: frozenset[str]) -> list[str | None]:
    """The first of a row's words that is a token; ``NO_TOKEN`` without one, None for null."""
    return [
        None if row is None else next((word for word in row if word in tokens), NO_TOKEN)
        for row in rows
    ]
