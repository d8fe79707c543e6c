"""Divide a document into words or characters, exactly as scikit-learn's vectorizers do."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Sequence

from packager.model.compiled.text_form import TextAnalysis

UNICODE = f"{sys.version_info[0]}.{sys.version_info[1]}, {unicodedata.unidata_version}"
"""As ``TextAnalysis.unicode``, of this process."""
_SPACES = re.compile(r"\s\s+")


def preprocessor(analysis: TextAnalysis) -> Callable[[str], str]:
    """A function that lowers a document and strips its accents, as the analysis says."""
    strip = {None: None, "ascii": _ascii, "unicode": _without_accents}[analysis.accents]
    if strip is None:
        return str.lower if analysis.lowercase else str
    if not analysis.lowercase:
        return strip
    return lambda text: strip(text.lower())


def tokenizer(analysis: TextAnalysis) -> Callable[[str], list[str] | None]:
    """A function from a preprocessed document to its words; None if a word contains a space.

    The words of an n-gram are separated by spaces, so that such a word could not be told from two.
    """
    findall = re.compile(analysis.pattern or "").findall

    def words(text: str) -> list[str] | None:
        tokens: list[str] = findall(text)
        if tokens and " ".join(tokens).count(" ") != len(tokens) - 1:
            return None
        return tokens

    return words


def characters(text: str) -> str:
    """A preprocessed document with runs of white space as one space."""
    return _SPACES.sub(" ", text)


def padded_words(text: str) -> Sequence[str]:
    """The words of a preprocessed document, each between two spaces."""
    return [f" {word} " for word in characters(text).split()]


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ASCII", "ignore").decode("ASCII")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    normalized = unicodedata.normalize("NFKD", text)
    return "".join([c for c in normalized if not unicodedata.combining(c)])
