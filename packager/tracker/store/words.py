"""Texts as words, so that every database finds the same issues for the same search."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MAX_WORD = 64
"""A longer word is cut, in the index and in a search."""
MAX_SEARCHED = 20
MAX_INDEXED = 2_000
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Runs of letters and digits without case and accents, each once, in order."""
    return list(dict.fromkeys(_words(text)))


class SearchedWords(NamedTuple):
    """The words that issues have to have."""

    words: list[str]
    beginning: bool
    """Whether the last one is the beginning of a word, and not a whole one."""


def searched_words(text: str) -> SearchedWords:
    """The words that a search asks for; the last is the beginning of a word.

    A single letter or digit is a whole word, as in ``color=E``: too many words begin with it.
    """
    asked = _words(text)
    others = [one for one in dict.fromkeys(asked[:-1]) if one != asked[-1]]
    words = [*others[: MAX_SEARCHED - 1], *asked[-1:]]
    return SearchedWords(words, any(len(word) > 1 or not word.isascii() for word in words[-1:]))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return [word[:MAX_WORD] for word in _WORD.findall(plain)]
