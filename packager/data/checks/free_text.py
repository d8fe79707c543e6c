"""Whether a column holds free text: sentences, and neither names nor ids."""

from __future__ import annotations

import numpy as np

from packager.data.checks.table import CheckedTable

MAX_SAMPLED_VALUES = 1_000
"""Maximum number of values examined, evenly spaced."""
MIN_WORDS = 4
"""Minimum number of words of a sentence."""
MIN_LETTERS = 8
"""Minimum number of letters of a sentence in a script without spaces."""


def is_free_text(table: CheckedTable, name: str) -> bool:
    """Whether the column, one of ``table.texts``, is free text.

    It is if values rarely repeat and most are sentences: at least four words, or eight letters of
    a script without spaces.
    """
    texts = table.texts[name]
    total = int(texts.counts.sum())
    if not total or len(texts.values) < 0.1 * total or len(texts.values) < 10:
        return False
    step = -(-len(texts.values) // MAX_SAMPLED_VALUES)
    values = [value for value in texts.values[::step] if isinstance(value, str)]
    return bool(values) and float(np.mean([_is_sentence(value) for value in values])) > 0.5


def _is_sentence(value: str) -> bool:
    words = [word for word in value.split() if any(letter.isalpha() for letter in word)]
    if len(words) >= MIN_WORDS:
        return True
    wide = sum(letter.isalpha() and ord(letter) >= 0x0E00 for letter in value)
    return wide >= MIN_LETTERS
