"""Which slices a row is in: everything, the values of some columns, and rules.

Slices overlap, so they are never summed. Their names are fixed when the package is built; a row
with an unseen value or none is in ``column=other``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from monitoring.slices import grammar
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.operands import Comparison, Mask, Operand, ThreeValued, arithmetic, compare
from monitoring.slices.row_membership import RowMembership

ALL = "__all__"
OTHER = "other"
MAX_SLICES = 24

_COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Comparison] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Rule:
    """A condition on columns, in the language of :mod:`monitoring.slices.grammar`."""

    text: str
    condition: ast.expr
    names: Mapping[str, str]
    """Identifier in ``condition`` → column."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule; ``ValueError`` says what is not allowed."""
        condition, names = grammar.parse(text)
        return cls(text, condition, names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns the rule reads, sorted."""
        return tuple(sorted(set(self.names.values())))

    def mask(self, columns: Mapping[str, Any], n: int) -> Mask:
        """Which of ``n`` rows the rule holds for; null is False.

        ``columns`` maps names to anything ``pandas.Series`` takes, each of length ``n``. Raises
        ``ValueError`` where a column is absent, or its dtype can't be compared as the rule asks.
        """
        absent = [name for name in self.columns if name not in columns]
        if absent:
            raise ValueError(f"rule {self.text!r}: column {absent[0]!r} is absent")
        operands = {
            identifier: Operand.of_column(name, columns[name])
            for identifier, name in self.names.items()
        }
        try:
            truth = _truth(self.condition, operands)
        except ValueError as error:
            raise ValueError(f"rule {self.text!r}: {error}") from error
        return np.broadcast_to(truth.true, (n,)).copy()


@dataclass(frozen=True)
class _ValueSlices:
    """The slices of one column: its declared values, and ``other``."""

    column: str
    values: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}={value}" for value in (*self.values, OTHER))

    def masks(self, series: pd.Series[Any]) -> dict[str, Mask]:
        codes, uniques = pd.factorize(series)
        places = {value: place for place, value in enumerate(self.values)}
        lookup = np.full(len(uniques) + 1, len(self.values))
        for code, unique in enumerate(uniques):
            lookup[code] = next(
                (places[text] for text in _texts(unique) if text in places), len(self.values)
            )
        found = lookup[codes]  # the last place, which code -1 (null) reads, is other
        return {name: found == place for place, name in enumerate(self.names)}


class SliceSet:
    """All slices of a package."""

    def __init__(self, columns: Mapping[str, Sequence[str]], rules: Mapping[str, str]) -> None:
        """``columns``: column → declared values as text; ``rules``: slice name → rule.

        Raises ``ValueError`` for a rule that can't be read or a name used twice.
        """
        self._values = tuple(_ValueSlices(name, tuple(values)) for name, values in columns.items())
        self._rules = {name: _parse_named(name, text) for name, text in rules.items()}
        value_names = [name for group in self._values for name in group.names]
        self.names: tuple[str, ...] = (ALL, *value_names, *self._rules)
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ValueError(f"expected different names for slices, got {twice[0]!r} twice")
        read = [column for rule in self._rules.values() for column in rule.columns]
        self.needs: tuple[str, ...] = tuple(dict.fromkeys([*columns, *read]))

    def masks(self, frame: pd.DataFrame) -> dict[str, Mask]:
        """Slice name → which rows of ``frame`` are in it, for every name in order.

        Raises ``ValueError`` where ``frame`` lacks one of ``needs`` or a rule can't be applied.
        """
        absent = [name for name in self.needs if name not in frame.columns]
        if absent:
            raise ValueError(f"slices: column {absent[0]!r} is absent")
        masks: dict[str, Mask] = {ALL: np.ones(len(frame), bool)}
        for group in self._values:
            masks |= group.masks(frame[group.column])
        columns = {name: frame[name] for name in self.needs}
        for name, rule in self._rules.items():
            masks[name] = rule.mask(columns, len(frame))
        return masks

    def membership(
        self, columns: Sequence[str], clocks: Mapping[str, DatetimeUnit] | None = None
    ) -> RowMembership:
        """For rows of plain values of ``columns``: the same slices as ``masks`` finds in a frame.

        ``clocks``: datetime column → how its values count. An unseen value of a column of
        categories, which a frame can't hold, is compared as what it is. Raises ``ValueError``
        where ``columns`` lacks one of ``needs`` or a rule can't be applied.
        """
        values = {group.column: group.values for group in self._values}
        rules = [(rule.condition, rule.names) for rule in self._rules.values()]
        return RowMembership(columns, values, rules, clocks or {})


def slice_values(
    frame: pd.DataFrame, columns: Sequence[str], rules: int = 0
) -> dict[str, tuple[str, ...]]:
    """The values of each column that get a slice of their own.

    The most frequent ones (equally frequent: in text order), as many as fit beside ``__all__``,
    ``rules`` rules and one ``other`` per column into ``MAX_SLICES``; columns with few values
    leave their share to the others. Sorted by text. Raises ``ValueError`` if none would fit.
    """
    room = MAX_SLICES - 1 - rules - len(columns)
    if room < len(columns):
        raise ValueError(
            f"expected at most {MAX_SLICES} slices, got {len(columns)} columns and {rules} rules"
        )
    frequent = {name: _by_frequency(frame[name]) for name in columns}
    declared = {}
    waiting = sorted(frequent, key=lambda name: len(frequent[name]))
    for place, name in enumerate(waiting):
        share = room // (len(waiting) - place)
        declared[name] = tuple(sorted(frequent[name][:share]))
        room -= len(declared[name])
    return {name: declared[name] for name in columns}


def _by_frequency(series: pd.Series[Any]) -> list[str]:
    counts: dict[str, int] = {}
    for value, count in series.value_counts().items():
        counts[str(value)] = counts.get(str(value), 0) + int(count)
    counts.pop(OTHER, None)  # a value of that name stays with the others
    return sorted((text for text, count in counts.items() if count), key=lambda t: (-counts[t], t))


def _texts(value: Any) -> tuple[str, ...]:
    """What ``value`` may be declared as: 2.0 is the 2 of an integer column that now has nulls."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(value), str(int(value))
    return (str(value),)


def _parse_named(name: str, text: str) -> Rule:
    try:
        return Rule.parse(text)
    except ValueError as error:
        raise ValueError(f"slice {name!r}: {error}") from error


def _truth(node: ast.expr, operands: Mapping[str, Operand]) -> ThreeValued:
    match node:
        case ast.BoolOp(op=joined, values=values):
            truth, *others = (_truth(value, operands) for value in values)
            for other in others:
                truth = truth & other if isinstance(joined, ast.And) else truth | other
            return truth
        case ast.UnaryOp(operand=operand):
            return ~_truth(operand, operands)
        case ast.Compare():
            return _comparison(node, operands)
        case _:
            flag = _value(node, operands)
            if flag.typed and flag.kind != "boolean":
                raise ValueError(f"expected a condition, got {flag.name} ({flag.kind})")
            return compare(operator.eq, flag, Operand.of_constant(True))


def _comparison(node: ast.Compare, operands: Mapping[str, Operand]) -> ThreeValued:
    left = _value(node.left, operands)
    truth: ThreeValued | None = None
    for comparison, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(comparison, ast.In | ast.NotIn):
            step = _membership(left, comparator)
            step = ~step if isinstance(comparison, ast.NotIn) else step
        else:
            right = _value(comparator, operands)
            step = compare(_COMPARISONS[type(comparison)], left, right)
            left = right
        truth = step if truth is None else truth & step
    if truth is None:
        raise ValueError("expected a comparison, got none")
    return truth


def _membership(left: Operand, node: ast.expr) -> ThreeValued:
    truth = ThreeValued(np.zeros(left.null.shape, bool), left.null)
    for element in getattr(node, "elts", ()):
        value = grammar.constant(element)
        if value is not None:
            truth = truth | compare(operator.eq, left, Operand.of_constant(value))
    return truth


def _value(node: ast.expr, operands: Mapping[str, Operand]) -> Operand:
    value = grammar.constant(node)
    if value is not None:
        return Operand.of_constant(value)
    match node:
        case ast.Name(id=identifier):
            return operands[identifier]
        case ast.BinOp(op=operation, left=left, right=right):
            return arithmetic(
                _ARITHMETIC[type(operation)], _value(left, operands), _value(right, operands)
            )
        case ast.UnaryOp(operand=operand):
            return arithmetic(operator.mul, Operand.of_constant(-1), _value(operand, operands))
    raise ValueError(f"expected a value, got {ast.unparse(node)!r}")
