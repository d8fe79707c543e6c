"""Changes of rows: what a case does to the cells of a column."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from packager.errors import UsageError
from packager.manifest.case_terms import CellChange
from packager.manifest.manifest import Column, Schema
from packager.worker.test.cases.rows import Row

ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "add": lambda cell, value: cell + value,
    "subtract": lambda cell, value: cell - value,
    "multiply": lambda cell, value: cell * value,
}
TEXTS: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "pad": lambda cell: f" {cell} ",
}
NUMBERS = ("number", "integer", "decimal")
SEED = 0


def changed_rows(
    rows: Sequence[Row], changes: Mapping[str, CellChange], schema: Schema, case: str
) -> list[dict[str, Any]]:
    """``rows`` after all ``changes``, each of the rows as they were.

    Whole numbers stay whole: a result is rounded. Raise ``UsageError`` for a change that doesn't
    fit its column.
    """
    columns = {column.name: column for column in schema.features}
    changed = [dict(row) for row in rows]
    for name, change in changes.items():
        for column in filter(None, (name, change.column)):
            if column not in columns:
                raise UsageError(
                    f"case {case!r}: expected a feature in `change`, got {column!r}",
                    f"the features are {', '.join(list(columns)[:20])}",
                )
        cells = [row[name] for row in rows]
        for row, cell in zip(
            changed, _changed(cells, rows, change, columns[name], case), strict=True
        ):
            row[name] = cell
        if change.operation == "swap":
            for row, cell in zip(changed, cells, strict=True):
                row[change.column] = cell
    return changed


def _changed(
    cells: Sequence[Any], rows: Sequence[Row], change: CellChange, column: Column, case: str
) -> list[Any]:
    match change.operation:
        case "set":
            return [_typed(change.value, column, case)] * len(cells)
        case "null":
            return [None] * len(cells)
        case "swap":
            return [row[change.column] for row in rows]
        case "shuffle":
            order = np.random.default_rng(SEED).permutation(len(cells))
            return [cells[index] for index in order.tolist()]
        case "upper" | "lower" | "pad":
            if column.kind != "string":
                raise _unfit(change, column, "text", case)
            take = TEXTS[change.operation]
            return [take(cell) if isinstance(cell, str) else cell for cell in cells]
        case _:
            if column.kind not in NUMBERS:
                raise _unfit(change, column, "numbers", case)
            return [_computed(cell, change, column) for cell in cells]


def _computed(cell: Any, change: CellChange, column: Column) -> Any:
    if cell is None:
        return None
    assert isinstance(change.value, int | float)
    if column.kind == "decimal":
        return _computed_decimal(str(cell), change)
    value = ARITHMETIC[change.operation](float(cell), float(change.value))
    if not math.isfinite(value):
        return cell
    return round(value) if column.kind == "integer" else value


def _computed_decimal(cell: str, change: CellChange) -> str:
    """In the digits of ``cell``, without rounding errors of floating point."""
    try:
        own, value = Decimal(cell), Decimal(str(change.value))
    except InvalidOperation:
        return cell
    computed = {"add": own + value, "subtract": own - value, "multiply": own * value}[
        change.operation
    ]
    return format(computed.quantize(own) if own.as_tuple().exponent else computed, "f")


def _typed(value: Any, column: Column, case: str) -> Any:
    """The operand of ``set`` in the column's kind."""
    if column.kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if column.kind in ("number", "integer") and (isinstance(value, str | bool)):
        raise UsageError(
            f"case {case!r}: expected a number for the column {column.name!r}, got {value!r}",
            "write the number without quotes",
        )
    return value


def _unfit(change: CellChange, column: Column, kinds: str, case: str) -> UsageError:
    return UsageError(
        f"case {case!r}: expected a column of {kinds} for the change {change.operation}, got "
        f"{column.name!r} ({column.kind})",
        "change another column, or in another way",
    )
