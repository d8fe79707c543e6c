"""Checks whether a rule can be applied to columns of given dtypes, without any values."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, cast

from monitoring.calendar_values import CalendarUnit
from monitoring.derived.measures import MEASURES, CellKind, DerivedValue
from monitoring.slices import grammar
from monitoring.slices.calendar import CALENDAR, CALENDAR_OF
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.derived_cells import DERIVED_TEXT, WORDS

ValueKind = Literal[
    "number",
    "boolean",
    "text",
    "datetime",
    "date",
    "time",
    "array",
    "bytes",
    "list",
    "words",
    "any",
]
"""Kind of a column or constant. ``any``: unknown from the dtype; values are compared one by one.
Of arrays, bytes and lists only derived values can be compared; ``words``: of a text."""

_CLOCKS: Mapping[str, DatetimeUnit | CalendarUnit] = {
    "datetime": DatetimeUnit("ns", None),
    "date": CalendarUnit("date"),
    "time": CalendarUnit("time"),
}
_OF_COLUMN: Mapping[str, ValueKind] = {
    "boolean": "boolean",
    "decimal": "number",
    "integer": "number",
    "number": "number",
    "string": "text",
}


_MEASURES_OF: Mapping[str, Sequence[str]] = {
    "array": MEASURES["array"],
    "bytes": MEASURES["bytes"],
    "list": MEASURES["list"],
    "text": (*MEASURES["string"], WORDS),
    "datetime": CALENDAR,
    "date": CALENDAR_OF["date"],
    "time": CALENDAR_OF["time"],
}
"""Measures of columns of each kind; of kind ``any`` the values decide."""


@dataclass(frozen=True)
class _Operand:
    name: str
    kind: ValueKind
    constant: grammar.Constant | None = None


def kind_of(dtype: Any) -> ValueKind:
    """The kind of a pandas dtype; for a categorical one, that of its categories."""
    import pandas as pd  # the server, which has no frames, does without

    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if getattr(dtype, "name", None) == "array":
        return "array"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    return "text" if isinstance(dtype, pd.StringDtype) else "any"


def kind_of_column(kind: str, dtype: str, categories: Sequence[Any] | None) -> ValueKind:
    """Like ``kind_of``, from the description of a column, without pandas.

    ``any`` where the dtype of such a column depends on the version of pandas: for categories of
    text.
    """
    if dtype.endswith("category"):
        types = {type(value) for value in categories or ()}
        if types == {bool}:
            return "boolean"
        return "number" if types and types <= {int, float} else "any"
    if kind in ("datetime", "date", "time", "array", "bytes", "list"):
        return cast(ValueKind, kind)
    if (dtype == "object" and kind != "decimal") or kind == "any":
        return "any"
    return _OF_COLUMN.get(kind, "any")


def kinds_of_derived(derived: Mapping[str, DerivedValue]) -> dict[str, ValueKind]:
    """The kind of each derived value."""
    return {name: _kind_of_measure(own.measure) for name, own in derived.items()}


def _kind_of_measure(measure: str) -> ValueKind:
    if measure == WORDS:
        return "words"
    return "text" if measure in DERIVED_TEXT else "number"


def check_measures(derived: Mapping[str, DerivedValue], kinds: Mapping[str, ValueKind]) -> None:
    """Raise ``ValueError`` if a column has no such measure; ``kinds``: column → kind."""
    for own in derived.values():
        kind = kinds[own.column]
        known = _MEASURES_OF.get(kind, ())
        if kind != "any" and own.measure not in known:
            some = f"one of {', '.join(known)}" if known else "no measure"
            raise ValueError(
                f"expected {some} after column {own.column!r} ({kind}), got {own.measure!r}"
            )


def check_kinds(
    condition: ast.expr, names: Mapping[str, str], kinds: Mapping[str, ValueKind]
) -> None:
    """Raise ``ValueError`` if a condition compares different kinds or uses text in arithmetic.

    ``names``: identifier in ``condition`` → column; ``kinds``: column → kind.
    """
    _KindChecker(names, kinds).condition(condition)


class _KindChecker:
    """Checks one condition."""

    def __init__(self, names: Mapping[str, str], kinds: Mapping[str, ValueKind]) -> None:
        self._names = names
        self._kinds = kinds

    def condition(self, node: ast.expr) -> None:
        match node:
            case ast.BoolOp(values=values):
                for value in values:
                    self.condition(value)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.condition(operand)
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for operator, (left, right) in zip(node.ops, pairwise(operands), strict=True):
                    self._comparison(left, operator, right)
            case _:
                flag = self._operand(node)
                if flag.kind not in ("boolean", "any"):
                    raise ValueError(f"expected a condition, got {flag.name} ({flag.kind})")

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> None:
        if isinstance(operator, ast.Is | ast.IsNot):
            if not isinstance(left, ast.Name):  # a column of any kind may be null
                self._operand(left)
        elif isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.Name):
            column = self._operand(right)
            if column.kind != "words":
                raise ValueError(
                    f"expected a list of constants or the words of a text after 'in', such as "
                    f"note.{WORDS}, got {column.name} ({column.kind})"
                )
        elif isinstance(right, ast.List | ast.Tuple):
            for element in right.elts:
                _check_alike(self._operand(left), self._operand(element))
        else:
            _check_alike(self._operand(left), self._operand(right))

    def _operand(self, node: ast.expr) -> _Operand:
        value = grammar.constant(node)
        if value is not None:
            return _Operand(repr(value), _constant_kind(value), value)
        match node:
            case ast.Name(id=identifier):
                column = self._names[identifier]
                kind = self._kinds[column]
                if kind in ("array", "bytes", "list"):
                    first = MEASURES[cast(CellKind, kind)][0]
                    raise ValueError(
                        f"column {column!r} ({kind}) can't be compared: "
                        f"name a number derived from it, such as {column}.{first}"
                    )
                return _Operand(column, kind)
            case ast.BinOp(left=left, right=right):
                return self._calculation(left, right)
            case ast.UnaryOp(operand=operand):
                return self._calculation(operand)
        raise ValueError(f"expected a value, got {ast.unparse(node)!r}")

    def _calculation(self, *parts: ast.expr) -> _Operand:
        operands = [self._operand(part) for part in parts]
        for operand in operands:
            if operand.kind not in ("number", "any"):
                raise ValueError(
                    f"expected numbers in arithmetic, got {operand.name} ({operand.kind})"
                )
        certain = all(operand.kind == "number" for operand in operands)
        return _Operand(f"a calculation with {operands[0].name}", "number" if certain else "any")


def _constant_kind(value: grammar.Constant) -> ValueKind:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _check_alike(left: _Operand, right: _Operand) -> None:
    kinds = {left.kind, right.kind}
    for time, other in ((left, right), (right, left)):
        clock = _CLOCKS.get(time.kind)
        if clock is not None and isinstance(other.constant, str):
            clock.constant(other.constant)
            return
    if len(kinds) > 1 and "any" not in kinds and kinds != {"boolean", "number"}:
        raise ValueError(
            f"expected alike values in a comparison, got {left.name} ({left.kind}) "
            f"and {right.name} ({right.kind})"
        )
