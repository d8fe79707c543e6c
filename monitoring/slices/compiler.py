"""Compiles rules to Python source: one expression that is true for the rows in the slice.

A condition is true, false or null, as in SQL: a comparison with null is null, and a row for which
the whole rule is null isn't in the slice. A Python expression has two truth values. So each
condition can be compiled in two ways: true where it is true, and true where it is false; where it
is null, neither is true. Cells are named ``v0``, ``v1`` and so on; constants and functions have
names in ``scope``. No text of a rule gets into the source.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from monitoring.slices import grammar
from monitoring.slices.clock import Clock, DatetimeUnit

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ORDERED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_NUMBERS = (int, float, Decimal)


class RuleCompiler:
    """Compiles conditions for rows of given columns."""

    def __init__(self, indices: Mapping[str, int], clocks: Mapping[str, Clock]) -> None:
        """``indices``: column → index of its cell; ``clocks``: datetime column → unit."""
        self._indices = indices
        self._clocks = clocks
        self.scope: dict[str, Any] = {
            "calculated": _calculated,
            "isinstance": isinstance,
            "ordered": _ordered,
        }
        self.used: set[int] = set()
        """Indices of the cells that the source uses."""

    def cell(self, column: str) -> str:
        """The name of a column's cell; raises ``ValueError`` for an unknown column."""
        if column not in self._indices:
            raise ValueError(f"slices: column {column!r} is absent")
        self.used.add(self._indices[column])
        return f"v{self._indices[column]}"

    def name(self, value: Any) -> str:
        """Add a constant or function to ``scope``; return its name."""
        name = f"c{len(self.scope)}"
        self.scope[name] = value
        return name

    def holds(self, node: ast.expr, names: Mapping[str, str]) -> str:
        """Source that is true where ``node`` is true; ``names``: identifier → column."""
        return _Condition(self, names, self._clocks).either(node, True)


class _Condition:
    """Compiles one condition."""

    def __init__(
        self, source: RuleCompiler, names: Mapping[str, str], clocks: Mapping[str, Clock]
    ) -> None:
        self._source = source
        self._names = names
        self._clocks = clocks

    def either(self, node: ast.expr, truth: bool) -> str:
        """Source that is true where ``node`` has the truth value ``truth``."""
        match node:
            case ast.BoolOp(op=joined, values=values):
                parts = [self.either(value, truth) for value in values]
                return _joined(parts, isinstance(joined, ast.And) is truth)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.either(operand, not truth)
            case ast.Compare():
                operands = [node.left, *node.comparators]
                steps = zip(node.ops, operands, operands[1:], strict=False)
                parts = [self._step(sign, left, right, truth) for sign, left, right in steps]
                return _joined(parts, truth)
            case _:
                return self._equal(self._value(node), "True", truth)

    def _step(self, sign: ast.cmpop, left: ast.expr, right: ast.expr, truth: bool) -> str:
        if isinstance(sign, ast.Is | ast.IsNot):
            negation = "" if isinstance(sign, ast.Is) is truth else "not "
            return f"({self._value(left)} is {negation}None)"
        if isinstance(sign, ast.In | ast.NotIn) and isinstance(right, ast.Name):
            return self._holds_word(left, right, isinstance(sign, ast.In) is truth)
        if isinstance(sign, ast.In | ast.NotIn):
            return self._within(left, right, isinstance(sign, ast.In) is truth)
        one, other = self._sides(left, right)
        if isinstance(sign, ast.Eq | ast.NotEq):
            return self._equal(one, other, isinstance(sign, ast.Eq) is truth)
        compared = f"{one} {_SIGNS[type(sign)]} {other}"
        for cell, beside, constant in ((left, one, other), (right, other, one)):
            if isinstance(cell, ast.Name) and constant in self._source.scope:
                # Text and numbers can't be ordered, and null has no order.
                value = self._source.scope[constant]
                is_number = isinstance(value, _NUMBERS)
                kind = self._source.name(_NUMBERS if is_number else type(value))
                return f"(isinstance({beside}, {kind}) and {'' if truth else 'not '}{compared})"
        compare = self._source.name(_ORDERED[type(sign)])
        return f"ordered({compare}, {one}, {other}) is {truth}"

    def _equal(self, one: str, other: str, truth: bool) -> str:
        sign = "==" if truth else "!="
        return f"({one} is not None and {other} is not None and {one} {sign} {other})"

    def _within(self, left: ast.expr, choices: ast.expr, truth: bool) -> str:
        elements = [self._constant(e, self._clock(left)) for e in getattr(choices, "elts", ())]
        value, name = self._value(left), self._source.name(tuple(elements))
        return f"({value} is not None and {value} {'in' if truth else 'not in'} {name})"

    def _holds_word(self, word: ast.expr, column: ast.Name, truth: bool) -> str:
        cell, name = self._value(column), self._value(word)
        return f"({cell} is not None and {name} {'in' if truth else 'not in'} {cell})"

    def _sides(self, left: ast.expr, right: ast.expr) -> tuple[str, str]:
        """Source of both sides of a comparison.

        Text compared with a datetime column is a time in its unit; columns of different units are
        compared in nanoseconds. A time and a value of another kind can't be compared: null.
        """
        one, other = self._clock(left), self._clock(right)
        constant = grammar.constant(left) is not None or grammar.constant(right) is not None
        if not constant and _differ(one, other):
            return "None", "None"
        return self._side(left, one, other), self._side(right, other, one)

    def _side(self, node: ast.expr, own: Clock | None, other: Clock | None) -> str:
        if grammar.constant(node) is not None:
            return self._source.name(self._constant(node, other))
        value = self._value(node)
        if not isinstance(own, DatetimeUnit) or other is None or own == other:
            return value
        return f"(None if {value} is None else {value} * {own.nanoseconds})"

    def _clock(self, node: ast.expr) -> Clock | None:
        return self._clocks.get(self._names[node.id]) if isinstance(node, ast.Name) else None

    def _constant(self, node: ast.expr, clock: Clock | None) -> Any:
        value = grammar.constant(node)
        return clock.constant(value) if clock else value

    def _value(self, node: ast.expr) -> str:
        value = grammar.constant(node)
        if value is not None:
            return self._source.name(value)
        match node:
            case ast.Name(id=identifier):
                return self._source.cell(self._names[identifier])
            case ast.BinOp(op=operation, left=left, right=right):
                function = self._source.name(_ARITHMETIC[type(operation)])
                return f"calculated({function}, {self._value(left)}, {self._value(right)})"
            case ast.UnaryOp(operand=operand):
                function = self._source.name(operator.mul)
                return f"calculated({function}, -1, {self._value(operand)})"
        raise ValueError(f"expected a value, got {ast.unparse(node)!r}")


def _differ(one: Clock | None, other: Clock | None) -> bool:
    """Whether columns of these units can't be compared."""
    kinds = [
        None if clock is None else "datetime" if isinstance(clock, DatetimeUnit) else clock.kind
        for clock in (one, other)
    ]
    return len({None if kind == "decimal" else kind for kind in kinds}) > 1


def _joined(parts: list[str], every: bool) -> str:
    return f"({(' and ' if every else ' or ').join(parts)})"


def _calculated(operation: Callable[[float, float], float], left: Any, right: Any) -> float | None:
    """Arithmetic on float64; None if an operand is null or the result isn't finite."""
    one = left if type(left) is float else _number(left)
    other = right if type(right) is float else _number(right)
    if one is None or other is None:
        return None
    try:
        number = operation(one, other)
    except (ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _number(value: Any) -> float | None:
    """A number as float64; None for anything else, and for numbers beyond float64."""
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _ordered(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    try:
        return compare(left, right)
    except TypeError:  # text and numbers can't be ordered
        return None
