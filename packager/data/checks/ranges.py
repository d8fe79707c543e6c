"""Detector ``range``: numbers outside a declared range, or far outside the previous one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.issue import DataIssue, rows_where
from packager.data.checks.table import CheckedTable

RANGE_TOLERANCE = 0.5
"""New values may exceed the previous version's range by this share of its width."""


def ranges(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.95 beyond a declared bound; 0.7 beyond the previous range plus half its width."""
    for name in table.numeric:
        declared, before = table.expected.declared.get(name), table.expected.before(name)
        values = table.numbers[name]
        low = declared.minimum if declared else None
        high = declared.maximum if declared else None
        if low is not None or high is not None:
            yield from _outside(name, values, low, high, "declared", 0.95)
        elif before is not None and before.minimum is not None and before.maximum is not None:
            slack = RANGE_TOLERANCE * (before.maximum - before.minimum)
            bounds = before.minimum - slack, before.maximum + slack
            yield from _outside(name, values, *bounds, "seen before", 0.7)


def _outside(
    name: str,
    values: np.ndarray,
    low: float | None,
    high: float | None,
    why: str,
    score: float,
) -> Iterator[DataIssue]:
    below = values < (-np.inf if low is None else low)
    above = values > (np.inf if high is None else high)
    rows = rows_where(below | above)
    if len(rows):
        lower_text = "" if low is None else f"at least {low:.15g}"
        right = "" if high is None else f"at most {high:.15g}"
        expected = " and ".join(side for side in (lower_text, right) if side)
        yield DataIssue(
            name, f"{expected} ({why})", "correct the value, or drop the row", score, rows
        )
