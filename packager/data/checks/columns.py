"""Detectors ``constant`` and ``id_like``: features without information."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelhost.text import truncate
from packager.data.checks.free_text import is_free_text
from packager.data.checks.issue import DataIssue, NotApplicableError
from packager.data.checks.table import CheckedTable

MIN_UNIQUE_SHARE = 0.98
"""From this share of distinct values on, whole numbers and text identify rows."""
MIN_ROWS = 50
SAMPLE_ROWS = 1000
"""Rows examined first; they usually decide before a whole column is read."""


def constant(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.5: a feature with one value, nulls ignored. ``missing`` reports empty ones."""
    for name in table.features:
        column = table.frame[name]
        first = column.first_valid_index()
        if len(table) < 2 or first is None:
            continue
        if name not in table.texts and column.iloc[:SAMPLE_ROWS].nunique() > 1:
            continue
        if table.distinct(name) == 1:
            yield DataIssue(
                name,
                "more than one value",
                leave_out(table),
                0.5,
                observed=f"{truncate(str(column.loc[first]))} in every row",
            )


def id_like(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.55: a text or whole-number feature whose value is unique in nearly every row.

    Whole numbers only if they are sorted or nearly without gaps: others may be measurements. Free
    text is no id. Nothing is reported if every feature looks like an id. Raises
    ``NotApplicableError`` if there are too few rows.
    """
    if len(table) < MIN_ROWS:
        raise NotApplicableError.too_few(len(table), MIN_ROWS)
    shares = naming(table)
    if len(shares) == len(table.features):
        return
    for name, unique in shares.items():
        if name in table.texts and is_free_text(table, name):
            continue
        yield DataIssue(
            name,
            "repeated values",
            leave_out(table),
            0.55,
            observed=f"{unique:.1%} of the values are unique",
        )


def naming(table: CheckedTable) -> dict[str, float]:
    """The features that number or identify rows, each with its share of distinct values."""
    shares: dict[str, float] = {}
    if len(table) < MIN_ROWS:
        return shares
    for name in table.features:
        nested = table.holds(name, bytes) or table.holds(name, list)
        if nested or (name not in table.texts and not _counts_up(table, name)):
            continue
        present = int(table.frame[name].notna().sum())
        unique = table.distinct(name) / max(1, present)
        if present >= MIN_ROWS and unique >= MIN_UNIQUE_SHARE:
            shares[name] = unique
    return shares


def leave_out(table: CheckedTable) -> str:
    """The suggestion for a feature without information; the only one can't be left out."""
    return "leave the column out (exclude)" if len(table.features) > 1 else "add other features"


def _counts_up(table: CheckedTable, name: str) -> bool:
    """Whether a column holds whole numbers that are sorted, or nearly without gaps."""
    if name not in table.numbers:
        return False
    numbers = table.numbers[name]
    first = numbers[:SAMPLE_ROWS]
    if (first[np.isfinite(first)] % 1 != 0).any():
        return False
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < MIN_ROWS or (numbers % 1 != 0).any():
        return False
    steps = np.diff(numbers)
    dense = numbers.max() - numbers.min() + 1 <= 1.1 * len(numbers)
    return bool(dense or (steps > 0).all() or (steps < 0).all())
