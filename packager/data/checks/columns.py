"""Detectors ``constant`` and ``id_like``: columns that can teach nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.suspects import Suspects
from packager.data.checks.table import Table
from packager.data.shown import shortened

UNIQUE = 0.98
"""Share of distinct values from which whole numbers and text name rows."""
LEAST_ROWS = 50
GLANCE = 1000
"""Rows that most often settle it, before a whole column is looked at."""


def constant(table: Table) -> Iterator[Suspects]:
    """Score 0.5: a feature with one value (nulls aside). Wholly empty ones are `missing`'s."""
    for name in table.features:
        column = table.frame[name]
        first = column.first_valid_index()
        if len(table) < 2 or first is None:
            continue
        if name not in table.texts and column.iloc[:GLANCE].nunique() > 1:
            continue
        if table.distinct(name) == 1:
            yield Suspects(
                name,
                "values that differ",
                "leave the column out (exclude)",
                0.5,
                observed=f"{shortened(str(column.loc[first]))} in every row",
            )


def id_like(table: Table) -> Iterator[Suspects]:
    """Score 0.55: a feature of text or whole numbers that is another one in nearly every row.

    Whole numbers only where they count up (sorted or without gaps): other ones may be measures.
    """
    if len(table) < LEAST_ROWS:
        return
    for name in table.features:
        if name not in table.texts and not _counts_up(table, name):
            continue
        column = table.frame[name].dropna()
        unique = table.distinct(name) / max(1, len(column))
        if len(column) >= LEAST_ROWS and unique >= UNIQUE:
            yield Suspects(
                name,
                "values that rows share",
                "leave the column out (exclude)",
                0.55,
                observed=f"{unique:.1%} of the values are there once",
            )


def _counts_up(table: Table, name: str) -> bool:
    """Whether a column holds whole numbers in order, or without gaps."""
    if name not in table.numbers:
        return False
    numbers = table.numbers[name]
    first = numbers[:GLANCE]
    if (first[np.isfinite(first)] % 1 != 0).any():
        return False
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < LEAST_ROWS or (numbers % 1 != 0).any():
        return False
    steps = np.diff(numbers)
    dense = numbers.max() - numbers.min() + 1 <= 1.1 * len(numbers)
    return bool(dense or (steps > 0).all() or (steps < 0).all())
