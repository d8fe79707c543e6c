"""Statements such as ``Point = namedtuple("Point", "x y")``, which a module makes again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from typing import Any

from packager.capture.statements import CellStatement

DEFINING = (
    *("collections.namedtuple", "dataclasses.make_dataclass"),
    *("enum.Enum", "enum.Flag", "enum.IntEnum", "enum.IntFlag", "enum.StrEnum"),
    *("typing.NamedTuple", "typing.NewType", "typing.ParamSpec", "typing.TypeVar"),
    "typing.TypedDict",
)
"""Functions that make a class or type from its name and plain arguments."""
EMPTY = ("threading.Lock", "threading.RLock", "threading.local")
"""Functions that, without arguments, make an object without content."""


def is_made_by_factory(one: CellStatement, name: str, value: Any, names: Mapping[str, Any]) -> bool:
    """Whether ``one`` is ``name = FACTORY(…)``, and its call makes a ``value`` again.

    ``names``: those of the session, in which the factory is looked up.
    """
    node = one.node
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return False
    if [getattr(target, "id", None) for target in node.targets] != [name]:
        return False
    factory = _resolved(node.value.func, names)
    if any(factory is _known(known) for known in DEFINING):
        return getattr(value, "__name__", None) == name
    arguments = [*node.value.args, *node.value.keywords]
    return not arguments and any(factory is _known(known) for known in EMPTY)


def _resolved(function: ast.expr, names: Mapping[str, Any]) -> Any:
    """The object that a name or a chain of attributes refers to; None for other expressions."""
    if isinstance(function, ast.Name):
        return names.get(function.id)
    if isinstance(function, ast.Attribute):
        return getattr(_resolved(function.value, names), function.attr, None)
    return None


def _known(dotted: str) -> Any:
    """The factory, if its module is loaded; otherwise an object of its own."""
    module, _, attribute = dotted.partition(".")
    return getattr(sys.modules.get(module), attribute, object())
