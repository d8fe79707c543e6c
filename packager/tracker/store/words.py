"""Texts as words, so that every database finds the same issues for the same search."""

from __future__ import annotations

import re
import unicodedata

MAX_WORD = 64
"""A longer word is cut, in the index and in a search."""
MAX_SEARCHED = 20
MAX_INDEXED = 2_000
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Runs of letters and digits without case and accents, each once, in order."""
    return list(dict.fromkeys(_words(text)))


def searched_words(text: str) -> list[str]:
    """The words that a search asks for; the last is the beginning of a word."""
    found = _words(text)
    others = [one for one in dict.fromkeys(found[:-1]) if one != found[-1]]
    return [*others[: MAX_SEARCHED - 1], *found[-1:]]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return [word[:MAX_WORD] for word in _WORD.findall(plain)]
