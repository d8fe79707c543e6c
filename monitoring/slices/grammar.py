"""The language of slice rules: ``carat >= 1.5 and color in ["D", "E"]``.

Rules are parsed with :mod:`ast` and checked node by node. Only comparisons (also chained),
``and``/``or``/``not``, ``in``/``not in`` a list of constants, ``is None``, ``+ - * /`` on numbers,
constants and column names are allowed, and what is derived from a column: ``pixels.mean < 3``,
``when.weekday == "Monday"``, ``"refund" in note.words``. A column name that isn't a plain ASCII
identifier is written in `backticks`.
:mod:`monitoring.slices.compiler` compiles it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import NamedTuple

from monitoring.derived.measures import LEARNED, MEASURES, DerivedValue
from monitoring.derived.texts import words
from monitoring.slices.calendar import CALENDAR
from monitoring.slices.derived_cells import WORDS

MAX_LENGTH = 1_000
MAX_DEPTH = 30

_TOKENS = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`([^`]*)`""")

Constant = bool | int | float | str


class Condition(NamedTuple):
    """A checked condition."""

    node: ast.expr
    names: Mapping[str, str]
    """Identifier in ``node`` → column, or the name of a derived value."""
    derived: Mapping[str, DerivedValue]
    """Name of a derived value → what it is derived from."""


def parse(text: str) -> Condition:
    """The checked condition in ``text``.

    Raises ``ValueError`` naming what is not allowed.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"expected at most {MAX_LENGTH} characters, got {len(text)}")
    source, quoted = _unquote(text)
    try:
        condition = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"expected a condition such as carat >= 1.5, got {text!r}") from error
    measures = _MeasureNames(text, quoted)
    try:
        condition = measures.visit(condition)
    except RecursionError as error:
        raise _too_deep() from error
    _check_condition(condition, 0)
    identifiers = sorted({node.id for node in ast.walk(condition) if isinstance(node, ast.Name)})
    if not identifiers:
        raise ValueError(f"expected a condition on at least one column, got {text!r}")
    derived = {own.name: own for own in measures.identifiers}
    names = {
        identifier: quoted.get(identifier, identifier)
        for identifier in identifiers
        if identifier not in measures.names
    }
    if both := sorted({*names.values()} & derived.keys()):
        raise ValueError(f"expected a column or a derived value, got both as {both[0]!r}")
    return Condition(condition, {**names, **measures.names}, derived)


class _MeasureNames(ast.NodeTransformer):
    """Replaces ``column.measure`` by an identifier."""

    def __init__(self, text: str, quoted: Mapping[str, str]) -> None:
        self._quoted = quoted
        self._prefix = "measure"
        while self._prefix in text:
            self._prefix += "_"
        self.identifiers: dict[DerivedValue, str] = {}
        """DerivedValue value → identifier."""

    @property
    def names(self) -> dict[str, str]:
        """Identifier → name of the derived value."""
        return {identifier: derived.name for derived, identifier in self.identifiers.items()}

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """An identifier for the derived value; raises ``ValueError`` for an unknown measure."""
        if not isinstance(node.value, ast.Name):
            raise ValueError(f"expected a column before the point, got {_shown(node)}")
        if node.attr in LEARNED:
            raise ValueError(
                f"expected a number of the row alone, got {node.attr!r}, which is relative to the "
                "training rows: only drift is measured by it"
            )
        known = {measure for measures in MEASURES.values() for measure in measures} - LEARNED
        known |= {WORDS, *CALENDAR}
        if node.attr not in known:
            raise ValueError(
                f"expected one of {', '.join(sorted(known))} after the point, got {node.attr!r}"
            )
        derived = DerivedValue(self._quoted.get(node.value.id, node.value.id), node.attr)
        identifier = self.identifiers.setdefault(derived, f"{self._prefix}{len(self.identifiers)}")
        return ast.copy_location(ast.Name(identifier, ast.Load()), node)


def constant(node: ast.expr) -> Constant | None:
    """The value of a constant or of a negated number; None for any other node."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = constant(node.operand)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
    return None


def is_null(node: ast.expr) -> bool:
    """Whether a node is the constant None."""
    return isinstance(node, ast.Constant) and node.value is None


def _unquote(text: str) -> tuple[str, dict[str, str]]:
    """``text`` with an identifier for every `quoted name`, and a map of identifier → name."""
    prefix = "column"
    while prefix in text:
        prefix += "_"
    quoted: dict[str, str] = {}

    def identifier(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return match.group(0)
        if not name:
            raise ValueError("expected a column name between backticks, got nothing")
        quoted[f"{prefix}{len(quoted)}"] = name
        return f" {prefix}{len(quoted) - 1} "

    source = _TOKENS.sub(identifier, text)
    outside = _TOKENS.sub("", text)
    if not outside.isascii() or "`" in outside:
        # Python normalises such identifiers, which could then name another column.
        raise ValueError(f"expected names that are not plain ASCII in `backticks`, got {text!r}")
    return source, quoted


def _check_condition(node: ast.expr, depth: int) -> None:
    _check_depth(depth)
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _check_condition(value, depth + 1)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check_condition(operand, depth + 1)
        case ast.Compare():
            _check_comparison(node, depth)
        case ast.Name():
            pass
        case _:
            raise ValueError(f"expected a condition, got {_shown(node)}")


def _check_comparison(node: ast.Compare, depth: int) -> None:
    _check_value(node.left, depth + 1)
    for operator, right in zip(node.ops, node.comparators, strict=True):
        match operator:
            case ast.In() | ast.NotIn():
                if isinstance(right, ast.Name):  # whether it holds words is a matter of its kind
                    _check_word(node.left)
                else:
                    _check_list(right)
            case ast.Is() | ast.IsNot():
                if not is_null(right):
                    raise ValueError(f"expected None after 'is', got {_shown(right)}")
            case ast.Eq() | ast.NotEq() | ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE():
                _check_value(right, depth + 1)
            case _:
                raise ValueError(f"expected a comparison, got {_shown(node)}")


def _check_value(node: ast.expr, depth: int) -> None:
    _check_depth(depth)
    match node:
        case ast.Name():
            pass
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            _check_value(node.left, depth + 1)
            _check_value(node.right, depth + 1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check_value(operand, depth + 1)
        case _ if constant(node) is not None:
            pass
        case _:
            raise ValueError(f"expected a column, a constant or + - * /, got {_shown(node)}")


def _check_word(node: ast.expr) -> None:
    word = constant(node)
    if not isinstance(word, str) or words(word) != [word]:
        raise ValueError(
            f"expected a list of constants after 'in', or one word in lower case before it and "
            f"column.{WORDS} after it, got {_shown(node)} before it"
        )


def _check_list(node: ast.expr) -> None:
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        raise ValueError(f"expected a list of constants after 'in', got {_shown(node)}")
    for element in node.elts:
        if constant(element) is None:
            raise ValueError(f"expected a list of constants after 'in', got {_shown(node)}")


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"expected at most {MAX_DEPTH} levels of nesting, got more")


def _shown(node: ast.AST) -> str:
    return repr(ast.unparse(node))
