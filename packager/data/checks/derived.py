"""Detector ``derived_outlier``: arrays, bytes, lists and text with unusual derived numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from monitoring.derived.measures import Cells, cells_of
from packager.data.checks.free_text import is_free_text
from packager.data.checks.issue import DataIssue, Floats, Mask, rows_where
from packager.data.checks.outliers import robust_scores
from packager.data.checks.table import CheckedTable
from packager.text import format_number

MIN_ROWS = 50
MAX_SHARE = 0.01
"""More rows than this are no outliers."""
MIN_ROBUST_Z = 10.0
"""Distance of an outlier from the median, in robust standard deviations."""
_FAR = {"array": ("mean", "std"), "bytes": ("bytes",), "list": ("length",), "string": ("length",)}


def derived_outlier(table: CheckedTable) -> Iterator[DataIssue]:
    """Empty bytes score 0.9; arrays of zeros or of one number 0.8, where few are; not finite 0.7.

    Score 0.6 for a mean, spread, size or length far from all others; of more than 50 rows.
    """
    for name in table.features:
        nested = name in table.arrays or table.holds(name, bytes) or table.holds(name, list)
        if not nested and not (name in table.texts and is_free_text(table, name)):
            continue
        cells = cells_of(table.frame[name])
        if cells is None:
            continue
        numbers = {measure: _numbers(cells, measure) for measure in _FAR[cells.kind]}
        if cells.kind == "array":
            yield from _degenerate(name, cells, numbers)
        elif cells.kind == "bytes":
            yield from _few(name, numbers["bytes"] == 0, "no bytes", "content", 0.9)
        for measure, values in numbers.items():
            yield from _far(name, measure, values)


def _numbers(cells: Cells, measure: str) -> Floats:
    return np.asarray(cells.measured(measure, ""), np.float64)


def _degenerate(name: str, cells: Cells, numbers: dict[str, Floats]) -> Iterator[DataIssue]:
    zero = _numbers(cells, "zeros") == 1
    yield from _few(name, zero, "zeros only", "an array with content", 0.8)
    flat = (numbers["std"] == 0) & ~zero
    yield from _few(name, flat, "one number in every element", "an array with content", 0.8)
    yield from _few(
        name, _numbers(cells, "nonfinite") > 0, "NaN or infinite elements", "finite numbers", 0.7
    )


def _few(name: str, mask: Mask, observed: str, expected: str, score: float) -> Iterator[DataIssue]:
    if 0 < mask.sum() <= max(3, 5 * MAX_SHARE * len(mask)):
        yield DataIssue(
            name,
            f"{expected}, as in {1 - mask.mean():.1%} of the rows",
            "inspect the row: correct, keep or drop it",
            score,
            rows_where(mask),
            observed,
        )


def _far(name: str, measure: str, values: Floats) -> Iterator[DataIssue]:
    present = values[np.isfinite(values)]
    if len(present) < MIN_ROWS or present.min() == present.max():
        return
    scores = np.abs(robust_scores(values))
    far = scores > MIN_ROBUST_Z
    if not 0 < far.sum() <= max(3, MAX_SHARE * len(values)):
        return
    low, high = np.quantile(present, (0.01, 0.99))
    rows = rows_where(far)
    pairs = zip(values[rows], scores[rows], strict=True)
    yield DataIssue(
        name,
        f"{measure} of {format_number(low)} to {format_number(high)}, as in 98 % of the rows",
        "inspect the row: correct, keep or drop it",
        0.6,
        rows,
        [f"{measure} {format_number(v)}, {z:,.0f} robust deviations away" for v, z in pairs],
    )
