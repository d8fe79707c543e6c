"""Detector ``missing``: unexpected nulls, and rows that are mostly empty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.columns import leave_out
from packager.data.checks.issue import DataIssue, rows_where
from packager.data.checks.table import CheckedTable

MAX_NULL_SHARE = 0.005
"""A column with a smaller share of nulls normally has a value."""
MAX_NULLS = 3
"""… or with at most this many nulls, in a small table."""
MIN_EMPTY_COLUMN_SHARE = 0.9
MIN_EMPTY_ROW_SHARE = 0.5


def missing(table: CheckedTable) -> Iterator[DataIssue]:
    """Nulls where few or none are expected.

    Scores: 0.9 if nulls are excluded (declared, absent before, or in the target); 0.85 for a row
    more than half empty if such rows are rare; 0.4 if nulls are rare; 0.6 for a column that is
    nearly or entirely empty.
    """
    empty = np.zeros(len(table), dtype=np.int32)
    labels = table.expected.labels
    for name in table.frame.columns:
        absent = table.frame[name].isna().to_numpy()
        empty += absent
        if labels is None or name != labels.target:  # rows without one are not labelled yet
            yield from _column(table, name, absent)
    share = empty / max(1, len(table.frame.columns))
    mostly = share > MIN_EMPTY_ROW_SHARE
    if 0 < mostly.mean() < MAX_NULL_SHARE * 10 and len(table.frame.columns) > 3:
        rows = rows_where(mostly)
        yield DataIssue(
            None,
            "a mostly filled row",
            "drop the row, or fill it in",
            0.85,
            rows,
            [f"{n} of {len(table.frame.columns)} cells empty" for n in empty[rows]],
        )


def _column(table: CheckedTable, name: str, absent: np.ndarray) -> Iterator[DataIssue]:
    share = float(absent.mean()) if len(absent) else 0.0
    if not share:
        return
    rows = rows_where(absent)
    declared, before = table.expected.declared.get(name), table.expected.before(name)
    if declared is not None and declared.nullable is False:
        yield DataIssue(
            name,
            "a value (declared not nullable)",
            "fill it in, or drop the row",
            0.9,
            rows,
            "no value",
        )
    elif name == table.target:
        yield DataIssue(
            name,
            "a label in every row",
            "fill it in; such rows are left out",
            0.9,
            rows,
            "no value",
        )
    elif before is not None and not before.nullable and declared is None:
        yield DataIssue(
            name,
            "a value, as everywhere in the previous version",
            "fill it in, or drop the row",
            0.9,
            rows,
            "no value",
        )
    elif share >= MIN_EMPTY_COLUMN_SHARE:
        yield DataIssue(
            name,
            "values",
            leave_out(table),
            0.6,
            observed=f"{share:.1%} of the cells are empty",
        )
    elif len(rows) <= max(MAX_NULLS, MAX_NULL_SHARE * len(absent)):
        yield DataIssue(
            name,
            f"a value, as in {1 - share:.2%} of the rows",
            "fill it in, or leave it to the model",
            0.4,
            rows,
            "no value",
        )
