"""Whether a module may have a name, told by its text alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_ANY_NAME = {"*", "__getattr__", "globals", "exec", "eval", "vars", "setattr", "locals"}
"""A module that mentions one of them may have names that its text does not show."""
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def may_define(text: str, name: str) -> tuple[bool, list[str]]:
    """Whether the module ``text`` may have ``name``; second, the functions that it surely has.

    Raises ``SyntaxError``, and ``ValueError`` for text with null bytes.
    """
    module = ast.parse(text)
    names = {*_defined(module)}
    functions = [one.name for one in module.body if isinstance(one, FUNCTION)]
    return bool(names & {name, *_ANY_NAME}), functions


def _defined(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.Name):
            yield node.id
