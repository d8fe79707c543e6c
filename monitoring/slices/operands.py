"""Columns and constants as things that can be compared, for slice rules.

Null is neither true nor false, as in SQL: a comparison with it is null, and a row for which the
whole rule is null isn't in the slice.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]
OperandKind = Literal["number", "boolean", "text", "datetime", "mixed", "null"]

_KINDS: dict[str, OperandKind] = {
    "string": "text",
    "boolean": "boolean",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "datetime64": "datetime",
    "datetime": "datetime",
    "date": "datetime",
    "empty": "null",
}

Comparison = Callable[[Any, Any], Any]
ORDERED = (operator.lt, operator.le, operator.gt, operator.ge)


@dataclass(frozen=True)
class ThreeValued:
    """A condition's value for each row: where it holds, and where it is null."""

    true: Mask
    null: Mask

    def __and__(self, other: ThreeValued) -> ThreeValued:
        false = ~(self.true | self.null) | ~(other.true | other.null)
        true = self.true & other.true
        return ThreeValued(true, ~true & ~false)

    def __or__(self, other: ThreeValued) -> ThreeValued:
        true = self.true | other.true
        return ThreeValued(true, ~true & (self.null | other.null))

    def __invert__(self) -> ThreeValued:
        return ThreeValued(~(self.true | self.null), self.null)


@dataclass(frozen=True)
class Operand:
    """Values (n of them, or one for a constant) of one kind, and which of them are null.

    ``typed`` values come from a column whose dtype admits only this kind, or from a constant;
    comparing them with another kind is a mistake in the rule. Other values may be anything, so
    an unlike comparison is null.
    """

    name: str
    kind: OperandKind
    values: npt.NDArray[Any]
    null: Mask
    typed: bool

    @classmethod
    def of_constant(cls, value: bool | int | float | str) -> Self:
        """A constant as an operand of one value."""
        kind: OperandKind = "number"
        if isinstance(value, bool):
            kind = "boolean"
        elif isinstance(value, str):
            kind = "text"
        values = np.array([value], dtype=object if kind == "text" else None)
        return cls(repr(value), kind, values, np.zeros(1, bool), True)

    @classmethod
    def of_column(cls, name: str, column: Any) -> Self:
        """A column (anything ``pandas.Series`` takes) as an operand."""
        series = column if isinstance(column, pd.Series) else pd.Series(column)
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(series.cat.categories.dtype)
        null = series.isna().to_numpy(bool)
        kind, typed = _kind(series)
        return cls(name, kind, _values(series, kind, null), null, typed)

    def as_numbers(self) -> Operand:
        """Itself, if arithmetic makes sense; ``ValueError`` if not."""
        if self.kind == "null" or (not self.typed and self.kind != "number"):
            size = len(self.values)
            return Operand(self.name, "number", np.zeros(size), np.ones(size, bool), False)
        if self.kind != "number":
            raise ValueError(f"expected numbers in arithmetic, got {self.name} ({self.kind})")
        return self


def compare(compared: Comparison, left: Operand, right: Operand) -> ThreeValued:
    """``left`` against ``right``, row by row; ``ValueError`` if their kinds can't be compared."""
    null = left.null | right.null
    left, right = _alike(left, right)
    if "null" in (left.kind, right.kind):
        return ThreeValued(np.zeros(null.shape, bool), np.ones(null.shape, bool))
    if left.kind == right.kind and left.kind != "mixed":
        true = np.asarray(compared(left.values, right.values), dtype=bool)
        return ThreeValued(true & ~null, null)
    if left.typed and right.typed:
        raise ValueError(
            f"expected alike values in a comparison, got {left.name} ({left.kind}) "
            f"and {right.name} ({right.kind})"
        )
    return _compare_each(compared, left, right, null)


def arithmetic(operation: Comparison, left: Operand, right: Operand) -> Operand:
    """``left`` with ``right`` in float64; what isn't finite (division by zero) is null."""
    left, right = left.as_numbers(), right.as_numbers()
    with np.errstate(all="ignore"):
        values = operation(left.values.astype(np.float64), right.values.astype(np.float64))
    null = left.null | right.null | ~np.isfinite(values)
    name = f"a calculation with {left.name}"
    return Operand(name, "number", values, null, left.typed and right.typed)


def _kind(series: pd.Series[Any]) -> tuple[OperandKind, bool]:
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean", True
    if pd.api.types.is_numeric_dtype(dtype):
        return "number", True
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime", True
    if isinstance(dtype, pd.StringDtype):
        return "text", True
    kind = _KINDS.get(pd.api.types.infer_dtype(series, skipna=True), "mixed")
    if kind == "number" and not _fits(series):
        return "mixed", False
    return kind, False


def _fits(series: pd.Series[Any]) -> bool:
    """Whether these numbers fit an array; Python's integers are of any size."""
    return all(abs(value) < 2**63 for value in series.dropna() if isinstance(value, int))


def _values(series: pd.Series[Any], kind: OperandKind, null: Mask) -> npt.NDArray[Any]:
    if kind == "datetime":
        return pd.to_datetime(series, utc=True).dt.tz_localize(None).to_numpy()
    if kind in ("number", "boolean"):
        nothing = False if kind == "boolean" else 0
        filled = series.where(~null, nothing) if null.any() else series
        if kind == "boolean":
            return filled.astype(bool).to_numpy()
        numbers = pd.to_numeric(filled)
        if isinstance(numbers.dtype, np.dtype):
            return numbers.to_numpy()
        return numbers.to_numpy(dtype=np.float64 if null.any() else None)
    values = series.astype(object).to_numpy()
    if kind == "text" and null.any():
        values = values.copy()
        values[null] = ""
    return values


def _alike(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    """Both with the same kind, where text is a constant date or a boolean stands for 0 and 1."""
    kinds = {left.kind, right.kind}
    if kinds == {"datetime", "text"}:
        return _as_datetime(left), _as_datetime(right)
    if kinds == {"boolean", "number"}:
        return _as_number(left), _as_number(right)
    return left, right


def _as_datetime(operand: Operand) -> Operand:
    if operand.kind == "datetime" or len(operand.values) != 1 or not operand.typed:
        return operand
    try:
        moment = pd.to_datetime(operand.values[0], utc=True).tz_localize(None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"expected a date such as '2024-01-31', got {operand.name}") from error
    values = np.array([moment.to_datetime64()])
    return Operand(operand.name, "datetime", values, operand.null, True)


def _as_number(operand: Operand) -> Operand:
    if operand.kind == "number":
        return operand
    values = operand.values.astype(np.int64)
    return Operand(operand.name, "number", values, operand.null, operand.typed)


def _compare_each(compared: Comparison, left: Operand, right: Operand, null: Mask) -> ThreeValued:
    if "datetime" in (left.kind, right.kind):
        return ThreeValued(np.zeros(null.shape, bool), np.ones(null.shape, bool))
    # As Python's own values: NumPy's raise on an integer of more than 64 bits.
    values = (left.values.astype(object), right.values.astype(object), null)
    lefts, rights, _ = np.broadcast_arrays(*values)
    true = np.zeros(null.shape, bool)
    null = null.copy()
    for index in np.flatnonzero(~null):
        one, other = lefts[index], rights[index]
        if isinstance(one, str) != isinstance(other, str):
            null[index] = compared in ORDERED
            true[index] = compared is operator.ne
            continue
        try:
            true[index] = bool(compared(one, other))
        except TypeError:
            null[index] = True
    return ThreeValued(true, null)
