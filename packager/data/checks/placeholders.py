"""Detector ``placeholder``: values that mean "unknown" and are improbable as real values.

A number is a placeholder only if it is a known one and far from all others; a date if it is a
known one and the earliest or latest by more than a year, or improbably frequent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks.issue import DataIssue, Floats, rows_where
from packager.data.checks.table import CheckedTable
from packager.text import format_number

WORDS = frozenset(
    {
        "",
        "?",
        "-",
        "--",
        ".",
        "n/a",
        "na",
        "nan",
        "nil",
        "none",
        "null",
        "unknown",
        "unk",
        "missing",
        "undefined",
        "not available",
        "not applicable",
        "tbd",
        "xxx",
        "#ref!",
        "#value!",
        "#div/0!",
        "#name?",
        "(null)",
        "<null>",
    }
)
_REPEATED = (99, 999, 9999, 99999, 999999, 9999999, 2147483647, 1e20)
NUMBERS = (*_REPEATED, *(-value for value in _REPEATED), -1, -88, -888, -8888)
DATES = (
    "1899-12-30",
    "1900-01-01",
    "1901-01-01",
    "1970-01-01",
    "1999-09-09",
    "9999-12-31",
    "2099-12-31",
    "1753-01-01",
)
MAX_FREQUENCY = 0.5
"""A value that is this frequent is regular content of the column."""
MIN_DISTANCE = 0.5
"""Minimum distance of a number from all others, in widths of the middle 98 % of them."""


def is_placeholder(value: Any) -> bool:
    """Whether a value is text that means that there is no value."""
    return isinstance(value, str) and value.strip().casefold() in WORDS


def placeholder(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.94 for isolated numbers and dates; for words 0.9, less if they are frequent.

    Score 0.7 for a text column with words that were read as null.
    """
    for name, counts in table.null_words.items():
        occurrences = ", ".join(f"{text!r} in {rows:,} rows" for text, rows in counts.items())
        yield DataIssue(
            name,
            "values, or empty cells",
            f'if it is a value, declare {name} with kind = "string", else empty the cells',
            0.7,
            observed=f"{occurrences}, read as null",
        )
    for name, texts in table.texts.items():
        declared = table.expected.declared.get(name)
        known = frozenset(declared.values or ()) if declared else frozenset()
        words = np.array(
            [is_placeholder(value) and value not in known for value in texts.values],
            dtype=np.bool_,
        )
        rows = rows_where(texts.rows_with(words))
        share = len(rows) / max(1, len(table))
        if 0 < share < MAX_FREQUENCY:
            yield DataIssue(
                name,
                "a value, or an empty cell",
                "leave the cell empty",
                max(0.5, 0.9 - 2 * share),
                rows,
            )
    for name in table.numeric:
        if name != table.target or table.task == "regression":
            yield from _numbers(name, table.numbers[name])
    for name in table.frame.columns:
        if pd.api.types.is_datetime64_any_dtype(table.frame[name].dtype):
            yield from _dates(name, table.frame[name])


def _numbers(name: str, values: Floats) -> Iterator[DataIssue]:
    known = np.isin(values, NUMBERS)
    if not known.any():
        return
    for value in np.unique(values[known]):
        same = values == value
        rest = values[np.isfinite(values) & ~np.isin(values, [v for v in NUMBERS if abs(v) >= 88])]
        if value == -1:
            rest = rest[rest != value]
        if same.mean() >= MAX_FREQUENCY or len(rest) < 20:
            continue
        low, high = np.quantile(rest, (0.01, 0.99))
        nearest = float(rest.min() - value) if value < low else float(value - rest.max())
        apart = nearest > MIN_DISTANCE * max(high - low, 1e-12) or (value < -1 and rest.min() >= 0)
        span = f"{format_number(low)} to {format_number(high)}"
        if apart or (value == -1 and _a_flag(rest)):
            yield DataIssue(
                name,
                f"a number like the others ({span} for 98 %)",
                "leave the cell empty",
                0.94,
                rows_where(same),
            )


def _a_flag(rest: Floats) -> bool:
    """Whether -1 can't be a regular value: the others are large or have fractions."""
    return bool(rest.min() > 0 and (rest.min() >= 10 or (rest % 1 != 0).any()))


def _dates(name: str, column: pd.Series[Any]) -> Iterator[DataIssue]:
    plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
    day = plain.dt.normalize()
    for text in DATES:
        same = (day == pd.Timestamp(text)).to_numpy()
        others = day[~same].dropna()
        if not same.any() or same.mean() >= MAX_FREQUENCY or len(others) < 20:
            continue
        low, high = others.quantile(0.01), others.quantile(0.99)
        apart = (low - pd.Timestamp(text)).days > 365 or (pd.Timestamp(text) - high).days > 365
        if apart or same.sum() > 20 * max(1, others.value_counts().iloc[0]):
            yield DataIssue(
                name,
                f"a date like the others ({low:%Y-%m-%d} to {high:%Y-%m-%d})",
                "leave the cell empty",
                0.94,
                rows_where(same),
            )
