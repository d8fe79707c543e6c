"""Expressions of plain values, which can be computed again without a call of the session's code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLAIN = (bool, int, float, complex, str, bytes, type(None))
CONTAINERS = (tuple, list, dict, set, frozenset)
MAX_NODES = 50
_ALLOWED = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant, ast.Name),
    *(ast.Load, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Subscript),
)
_COSTLY = (ast.Pow, ast.LShift, ast.Mult)
"""Operators with which a short expression may have a huge value, unless all are numbers."""


@dataclass(frozen=True)
class ExpressionValue:
    """The value of an expression."""

    value: Any


def computed_again(node: ast.expr, names: Mapping[str, Any]) -> ExpressionValue | None:
    """The value of ``node`` with the values that ``names`` have now.

    A single name may have any value. None for an expression of more than arithmetic and lookups
    on plain values, and for one that fails.
    """
    if isinstance(node, ast.Name):
        return ExpressionValue(names[node.id]) if node.id in names else None
    inner = [*ast.walk(node)]
    used = {one.id: names.get(one.id) for one in inner if isinstance(one, ast.Name)}
    values = [*used.values(), *(one.value for one in inner if isinstance(one, ast.Constant))]
    if len(inner) > MAX_NODES or not all(isinstance(one, _ALLOWED) for one in inner):
        return None
    if not all(_is_plain(value) for value in values):
        return None
    if any(isinstance(one, _COSTLY) for one in inner) and not all(map(_is_small, values)):
        return None
    code = compile(ast.Expression(node), "default", "eval")
    try:
        return ExpressionValue(eval(code, {"__builtins__": {}}, used))  # no call, no attribute
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _is_plain(value: Any) -> bool:
    if type(value) in CONTAINERS:
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        return all(map(_is_plain, inner))
    return type(value) in PLAIN


def _is_small(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1_000
