"""Detector ``mixed_types``: text among numbers, numbers among text, other types in one column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from packager.data.checks.issue import DataIssue, rows_where
from packager.data.checks.placeholders import is_placeholder
from packager.data.checks.table import CheckedTable, TextValues

MIN_TYPE_SHARE = 0.9
"""From this share on, a type is the intended type of a column."""
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_DATE = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.+Z-]+)?\s*")


def mixed_types(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.93: cells whose type differs from that of at least 90 % of the column.

    Text that parses as a number (or as an ISO date) counts as one, because CSV contains only text.
    """
    for name, texts in table.texts.items():
        kinds = np.array([_kind(value) for value in texts.values], dtype=object)
        shares = _shares(texts, kinds)
        if len(shares) < 2:
            continue
        main, share = max(shares.items(), key=lambda item: item[1])
        if main == "text" and all(kind in ("number", "date") for kind in shares if kind != main):
            continue  # free text may be a number or a date
        if share < MIN_TYPE_SHARE:
            continue
        placeholder = np.array([is_placeholder(value) for value in texts.values])
        rows = rows_where(texts.rows_with((kinds != main) & ~placeholder))
        if len(rows):
            yield DataIssue(
                name,
                f"a {main}, as in {share:.1%} of the cells",
                f"write it as a {main}, or leave it empty",
                0.93,
                rows,
            )


def _shares(texts: TextValues, kinds: np.ndarray) -> dict[str, float]:
    total = int(texts.counts.sum())
    return {kind: float(texts.counts[kinds == kind].sum()) / total for kind in dict.fromkeys(kinds)}


def _kind(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, int | float | np.number):
        return "number"
    if not isinstance(value, str):
        return type(value).__name__
    if _NUMBER.fullmatch(value):
        return "number"
    return "date" if _DATE.fullmatch(value) else "text"
