"""Detectors ``unseen_category`` and ``typo``: unexpected text values."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from modelhost.text import display_value
from packager.data.checks.issue import DataIssue, Ints, listed, rows_where
from packager.data.checks.placeholders import is_placeholder
from packager.data.checks.table import CheckedTable, TextValues
from packager.data.drift import is_categorical

MAX_COMMON_VALUES = 200
"""A column with more distinct common values is not categorical."""
MIN_FREQUENCY_RATIO = 20
"""A spelling is suspect if a similar one is at least this many times as frequent."""
MIN_SIMILARITY = 0.8
"""Minimum similarity (difflib's ratio) of a misspelling and the intended value."""


def unseen_category(table: CheckedTable) -> Iterator[DataIssue]:
    """Values of a category that are new.

    Scores: not declared 0.95, absent from the previous version 0.7, only in held-out rows 0.6.
    """
    for name, texts in table.texts.items():
        declared, before = table.expected.declared.get(name), table.expected.before(name)
        if declared is not None and declared.values is not None:
            yield from _unknown(name, texts, declared.values, "declared", 0.95)
        elif before is not None and before.categories is not None:
            if not is_categorical(len(before.categories), table.expected.rows):
                continue  # names or dates, where new values are normal
            yield from _unknown(name, texts, before.categories, "seen before", 0.7)
        elif table.held_out is not None and (texts.counts > 1).sum() <= MAX_COMMON_VALUES:
            seen = np.unique(texts.codes[table.trained & (texts.codes >= 0)])
            # Only if the training rows repeat values: otherwise the column isn't categorical.
            if len(seen) and (texts.codes >= 0).sum() / len(seen) >= MIN_FREQUENCY_RATIO:
                known = [texts.values[code] for code in seen]
                yield from _unknown(name, texts, known, "in the training rows", 0.6)


def typo(table: CheckedTable) -> Iterator[DataIssue]:
    """A rare value like a frequent one: equal except case and spaces (0.92), or similar (0.75)."""
    for name, texts in table.texts.items():
        frequent = _frequent(texts)
        if (
            not 1 <= len(frequent) <= MAX_COMMON_VALUES
            or len(texts.values) > 20 * MAX_COMMON_VALUES
        ):
            continue
        plain = {_plain(texts.values[code]): code for code in frequent[::-1]}
        for code in range(len(texts.values)):
            meant, score = _intended_value(texts, code, frequent, plain)
            if meant is not None:
                right = str(texts.values[meant])
                yield DataIssue(
                    name,
                    f"{display_value(right)}, as in {texts.counts[meant]} rows",
                    f"fix: {name} = {right}",
                    score,
                    rows_where(texts.codes == code),
                )


def _intended_value(
    texts: TextValues, code: int, frequent: Ints, plain: dict[str, int]
) -> tuple[int | None, float]:
    """The code of the frequent value that was probably intended, and the score."""
    value, count = texts.values[code], texts.counts[code]
    if not isinstance(value, str) or is_placeholder(value):
        return None, 0.0
    same = plain.get(_plain(value))
    if same is not None and same != code:
        return int(same), 0.92
    if code in frequent or len(value) < 4:
        return None, 0.0
    close = difflib.get_close_matches(_plain(value), plain, 1, MIN_SIMILARITY)
    # Values that differ in a digit are a numbered series, not typos.
    if not close or _digits(close[0]) != _digits(value):
        return None, 0.0
    meant = plain[close[0]]
    return (int(meant), 0.75) if texts.counts[meant] >= MIN_FREQUENCY_RATIO * count else (None, 0.0)


def _frequent(texts: TextValues) -> Ints:
    """Codes of the values frequent enough to be categories, most frequent first."""
    if not len(texts.counts):
        return np.empty(0, dtype=np.intp)
    total = int(texts.counts.sum())
    common = np.flatnonzero(texts.counts >= max(MIN_FREQUENCY_RATIO, total * 0.001))
    return common[np.argsort(-texts.counts[common], kind="stable")]


def _unknown(
    name: str, texts: TextValues, known: Sequence[Any], why: str, score: float
) -> Iterator[DataIssue]:
    allowed = {str(value) for value in known}
    wrong = np.array([str(value) not in allowed for value in texts.values], dtype=np.bool_)
    rows = rows_where(texts.rows_with(wrong))
    if len(rows):
        yield DataIssue(
            name,
            f"one of the values {why}: {listed(sorted(allowed))}",
            "correct the value, or drop the row",
            score,
            rows,
        )


def _plain(value: Any) -> str:
    return " ".join(str(value).casefold().replace("_", " ").replace("-", " ").split())


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
