"""Rules as functions of a row of plain values; for the server, where microseconds count.

Values are as requests hold them: None for null, numbers, text, booleans, and times as ticks
(:mod:`monitoring.times`). A rule becomes one closure per node of its syntax tree; three values of
truth, None for null, as in :mod:`monitoring.operands`, which says the same of whole frames.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitoring import conditions
from monitoring.times import Clock

Row = Sequence[Any]
Term = Callable[[Row], Any]

_ORDERED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_COMPARED = {**_ORDERED, ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def condition(
    node: ast.expr, places: Mapping[str, int], clocks: Mapping[str, Clock]
) -> Callable[[Row], bool | None]:
    """The checked condition ``node`` as a function of a row.

    ``places``: identifier → position in the row; ``clocks``: identifier → clock, of datetimes.
    """
    match node:
        case ast.BoolOp(op=joined, values=values):
            parts = [condition(value, places, clocks) for value in values]
            return _all(parts) if isinstance(joined, ast.And) else _any(parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _not(condition(operand, places, clocks))
        case ast.Compare():
            return _comparison(node, places, clocks)
        case _:
            return _equal(_term(node, places, None), _constant(True))


def _all(parts: Sequence[Term]) -> Term:
    def holds(row: Row) -> bool | None:
        truth: bool | None = True
        for part in parts:
            found = part(row)
            if found is False:
                return False
            if found is None:
                truth = None
        return truth

    return holds


def _any(parts: Sequence[Term]) -> Term:
    def holds(row: Row) -> bool | None:
        truth: bool | None = False
        for part in parts:
            found = part(row)
            if found:
                return True
            if found is None:
                truth = None
        return truth

    return holds


def _not(part: Term) -> Term:
    def holds(row: Row) -> bool | None:
        found = part(row)
        return None if found is None else not found

    return holds


def _comparison(node: ast.Compare, places: Mapping[str, int], clocks: Mapping[str, Clock]) -> Term:
    operands = [node.left, *node.comparators]
    steps: list[Term] = []
    for place, comparison in enumerate(node.ops):
        pair = operands[place], operands[place + 1]
        if isinstance(comparison, ast.In | ast.NotIn):
            within = _within(pair[0], pair[1], places, clocks)
            steps.append(_not(within) if isinstance(comparison, ast.NotIn) else within)
            continue
        left, right = _pair(pair[0], pair[1], places, clocks)
        if isinstance(pair[0], ast.Name) and conditions.constant(pair[1]) is not None:
            compared = _COMPARED[type(comparison)]
            steps.append(_beside_constant(compared, places[pair[0].id], right(())))
        elif isinstance(comparison, ast.Eq | ast.NotEq):
            same = _equal(left, right)
            steps.append(_not(same) if isinstance(comparison, ast.NotEq) else same)
        else:
            steps.append(_ordered(_ORDERED[type(comparison)], left, right))
    return steps[0] if len(steps) == 1 else _all(steps)


def _within(
    left: ast.expr, choices: ast.expr, places: Mapping[str, int], clocks: Mapping[str, Clock]
) -> Term:
    elements: Sequence[ast.expr] = getattr(choices, "elts", ())
    equal = [_equal(*_pair(left, element, places, clocks)) for element in elements]
    found = _any(equal)
    value = _term(left, places, None)
    return lambda row: None if value(row) is None else found(row)


def _pair(
    left: ast.expr, right: ast.expr, places: Mapping[str, int], clocks: Mapping[str, Clock]
) -> tuple[Term, Term]:
    """Both sides; a text beside a datetime column is a time of that column's clock."""
    scales = [clocks.get(side.id) if isinstance(side, ast.Name) else None for side in (left, right)]
    return _term(left, places, scales[1], scales[0]), _term(right, places, scales[0], scales[1])


def _term(
    node: ast.expr,
    places: Mapping[str, int],
    other: Clock | None,
    own: Clock | None = None,
) -> Term:
    value = conditions.constant(node)
    if value is not None:
        return _constant(other.ticks(value) if other and isinstance(value, str) else value)
    match node:
        case ast.Name(id=identifier):
            place = places[identifier]
            if own is not None and other is not None and own != other:
                scale = own.nanoseconds
                return lambda row: None if row[place] is None else row[place] * scale
            return operator.itemgetter(place)
        case ast.BinOp(op=operation, left=left, right=right):
            return _calculated(
                _ARITHMETIC[type(operation)],
                _term(left, places, None),
                _term(right, places, None),
            )
        case ast.UnaryOp(operand=operand):
            return _calculated(operator.mul, _constant(-1), _term(operand, places, None))
    raise ValueError(f"expected a value, got {ast.unparse(node)!r}")


def _constant(value: Any) -> Term:
    return lambda _: value


def _calculated(operation: Callable[[float, float], float], left: Term, right: Term) -> Term:
    def value(row: Row) -> float | None:
        one, other = _number(left(row)), _number(right(row))
        if one is None or other is None:
            return None
        try:
            found = operation(one, other)
        except (ZeroDivisionError, OverflowError):
            return None
        return found if math.isfinite(found) else None

    return value


def _number(value: Any) -> float | None:
    """A number as float64; anything else, and what float64 can't hold, is null."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _equal(left: Term, right: Term) -> Term:
    def holds(row: Row) -> bool | None:
        one, other = left(row), right(row)
        return None if one is None or other is None else bool(one == other)

    return holds


def _beside_constant(compared: Callable[[Any, Any], bool], place: int, constant: Any) -> Term:
    """Most conditions are of this kind: one call where two terms would take three."""

    def holds(row: Row) -> bool | None:
        value = row[place]
        if value is None:
            return None
        try:
            return compared(value, constant)
        except TypeError:  # text beside a number has no order
            return None

    return holds


def _ordered(compared: Callable[[Any, Any], bool], left: Term, right: Term) -> Term:
    def holds(row: Row) -> bool | None:
        one, other = left(row), right(row)
        if one is None or other is None:
            return None
        try:
            return compared(one, other)
        except TypeError:  # text beside a number has no order
            return None

    return holds
