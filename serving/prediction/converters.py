"""Converts and judges the cells of one column, one by one or all at once.

Results equal those of the exact checker (:mod:`packager.data.rows.request_rows`), which is tested;
unusual cells are left to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from packager.data.rows.column_converter import Anomaly, ColumnConverter
from packager.manifest.base import MAX_EXACT_INTEGER
from packager.manifest.manifest import Column

READ_EXACTLY = 2.0**63
"""Floats below this magnitude were floats in the request, not large integers."""
Converted = tuple[Any, Anomaly | None]
ConvertOne = Callable[[Any], Converted]
ConvertMany = Callable[[Sequence[Any]], Sequence[Any] | None]


class SlowPathError(Exception):
    """A value that only the exact checker can judge."""


class FastConverter:
    """Converts and judges the cells of one column."""

    def __init__(self, column: Column, *, judged: bool) -> None:
        plan = self.plan = ColumnConverter(column)
        self.name = column.name
        self.judged = judged
        self.one: ConvertOne = (
            _guarded(plan, _one(column, plan)) if plan.bars else _one(column, plan)
        )
        """Returns a cell's value and its anomaly; raises ``SlowPathError`` for unusual cells."""
        self.many: ConvertMany = _many(plan)
        """Returns the values of all cells; None if their types differ or any is an anomaly."""


def _guarded(plan: ColumnConverter, take: ConvertOne) -> ConvertOne:
    """``take``, but a value that the model can't take is left to the exact checker."""

    def one(cell: Any) -> Converted:
        value, anomaly = take(cell)
        if plan.is_barred(value, anomaly):
            raise SlowPathError
        return value, anomaly

    return one


def _one(column: Column, plan: ColumnConverter) -> ConvertOne:
    if is_float64(plan):
        return _one_number(plan)
    if column.kind == "string" and plan.seen is not None:
        return _one_category(plan.seen)
    if column.kind == "integer" and plan.seen is None:
        return _one_integer(plan)

    def one(cell: Any) -> Converted:
        if cell is None:
            return None, "missing"
        if type(cell) is float and not -READ_EXACTLY < cell < READ_EXACTLY:
            raise SlowPathError
        value = plan.take_one(cell)
        if type(cell) is list and not _read_exactly(value):
            raise SlowPathError
        return value, plan.judge(value)

    return one


def _read_exactly(values: Any) -> bool:
    """Whether no element of an array or a list was a large integer."""
    if isinstance(values, np.ndarray):
        wide = values.astype(np.float64) if values.dtype.kind == "f" else np.empty(0)
        return bool((np.abs(wide) < READ_EXACTLY).all())
    return all(type(value) is not float or -READ_EXACTLY < value < READ_EXACTLY for value in values)


def _one_number(plan: ColumnConverter) -> ConvertOne:
    low, high = range_of(plan)

    def one(cell: Any) -> Converted:
        kind = type(cell)
        if kind is int and -MAX_EXACT_INTEGER <= cell <= MAX_EXACT_INTEGER:
            cell = float(cell)
        elif kind is not float:
            if cell is None:
                return None, "missing"
            raise SlowPathError
        if low <= cell <= high:
            return cell, None
        if not -READ_EXACTLY < cell < READ_EXACTLY:
            raise SlowPathError
        return cell, "below_range" if cell < low else "above_range"

    return one


def _one_integer(plan: ColumnConverter) -> ConvertOne:
    low, high = range_of(plan)

    def one(cell: Any) -> Converted:
        if (
            type(cell) is int
            and low <= cell <= high
            and -MAX_EXACT_INTEGER <= cell <= MAX_EXACT_INTEGER
        ):
            return plan.take_one(cell), None
        if cell is None:
            return None, "missing"
        # Beyond 2**53, whether it can be represented depends on nulls in other rows.
        if type(cell) not in (int, float) or not -MAX_EXACT_INTEGER <= cell <= MAX_EXACT_INTEGER:
            raise SlowPathError
        value = plan.take_one(cell)
        return value, plan.judge(value)

    return one


def _one_category(seen: frozenset[Any]) -> ConvertOne:
    def one(cell: Any) -> Converted:
        if type(cell) is not str:
            if cell is None:
                return None, "missing"
            raise SlowPathError
        # Parsed JSON strings may hold lone surrogates; known categories never do.
        if cell in seen:
            return cell, None
        if not cell.isascii():
            _refuse_surrogates(cell)
        return cell, "unseen"

    return one


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SlowPathError from error


def _many(plan: ColumnConverter) -> ConvertMany:
    low, high = range_of(plan)
    kind, seen = plan.column.kind, plan.seen
    if is_float64(plan):
        return lambda cells: _many_numbers(cells, low, high)
    if is_integer(plan):
        return lambda cells: (
            cells if _only(int, cells) and low <= min(cells) and max(cells) <= high else None
        )
    if kind == "string" and seen is not None:
        known = intern_values(seen)
        return lambda cells: _all_in(known, cells)
    if kind == "boolean" and seen is not None:
        return lambda cells: cells if _only(bool, cells) and seen.issuperset(cells) else None
    return lambda _: None


def _many_numbers(cells: Sequence[Any], low: float, high: float) -> Sequence[Any] | None:
    kinds = set(map(type, cells))
    if not kinds <= {int, float}:
        return None
    least, most = min(cells), max(cells)
    if not (low <= least and most <= high) or math.isnan(sum(cells)):
        return None  # the sum, because min and max may skip a NaN
    if kinds == {float}:
        return cells
    return (
        list(map(float, cells))
        if least >= -MAX_EXACT_INTEGER and most <= MAX_EXACT_INTEGER
        else None
    )


def intern_values(seen: frozenset[Any]) -> dict[Any, Any]:
    """Interned category values: equal strings of requests then share one object."""
    return {value: value for value in seen}


def _all_in(texts: Mapping[Any, str], cells: Sequence[Any]) -> Sequence[str] | None:
    """The known texts; only equal strings are found, so types need no check."""
    try:
        known = list(map(texts.get, cells))
    except TypeError:  # an unhashable list or object
        return None
    return None if None in known else known  # type: ignore[return-value]


def _only(kind: type, cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) == {kind}


def range_of(plan: ColumnConverter) -> tuple[float, float]:
    """The range in training, limited to exact values; that limit alone if there is no range."""
    low, high, limit = plan.column.minimum, plan.column.maximum, math.nextafter(READ_EXACTLY, 0)
    if low is None or high is None:
        return -limit, limit
    return max(low, -limit), min(high, limit)


def is_integer(plan: ColumnConverter) -> bool:
    """Whether integer cells within the column's range can be used without conversion."""
    low, high = range_of(plan)
    return (
        plan.column.kind == "integer"
        and plan.seen is None
        and low >= -MAX_EXACT_INTEGER
        and high <= MAX_EXACT_INTEGER
    )


def is_float64(plan: ColumnConverter) -> bool:
    """Whether a column accepts any float64 unchanged."""
    # Narrow floats are rounded, and numeric categories are judged by the values seen.
    column = plan.column
    return column.kind == "number" and column.dtype in ("float64", "Float64") and plan.seen is None
