"""Lambdas, and functions within functions, as definitions of a module."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FunctionType

from packager.capture.cells import first_line
from packager.capture.closure import Refusal, import_of
from packager.capture.same_code import lambda_text
from packager.capture.session import Session
from packager.capture.statements import free_names
from packager.capture.values import alias, written


@dataclass(frozen=True)
class NamedFunction:
    """A function that has got a name."""

    name: str
    text: str
    """Its definition."""
    imports: tuple[str, ...]
    """Statements that the values of its free variables need."""
    needs: frozenset[str]
    """Names of the session that it uses."""


def named_function(function: FunctionType, name: str, session: Session) -> NamedFunction | Refusal:
    """``function`` as a definition of ``name``, its free variables with their values now."""
    shown, where = function.__qualname__, _cell_of(function, session)
    text = lambda_text(function.__code__, session.trees)
    if text is None:
        return Refusal(shown, where, session.why or "its source is not in the session")
    if function.__defaults__ or function.__kwdefaults__:
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        if any(written(default) is None for default in defaults):
            return Refusal(shown, where, "a default of it is no small value: define it at the top")
    first, modules, needs = list[str](), set[str](), frozenset[str]()
    for variable, cell in zip(
        function.__code__.co_freevars, function.__closure__ or (), strict=True
    ):
        value = written(cell.cell_contents, session.own())
        imported = import_of(variable, cell.cell_contents) if value is None else None
        if imported is not None:
            first.append(imported)
            continue
        if value is None:
            kind = type(cell.cell_contents).__name__
            reason = f"its variable {variable} of the type {kind} is that of the function around it"
            return Refusal(shown, where, f"{reason}: use a class with an attribute instead")
        first.append(f"{variable} = {value.text}")
        modules |= value.modules
        needs |= value.names
    definition = _definition(name, text, first)
    if definition is None:
        return Refusal(shown, where, "it can't stand at the top of a module: define it there")
    imports = {f"import {module} as {alias(module)}" for module in modules}
    used = free_names(definition) - {name, *map(alias, modules)}
    return NamedFunction(name, definition, tuple(sorted(imports)), used | needs)


def _definition(name: str, text: str, first: list[str]) -> str | None:
    """``def name``, which begins with the statements ``first``; None if that is no Python."""
    node = ast.parse(text).body[0]
    set_first = [ast.parse(line).body[0] for line in first]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Lambda):
        body: list[ast.stmt] = [*set_first, ast.Return(node.value.body)]
        definition = ast.FunctionDef(name, node.value.args, body, [], lineno=1)
    elif isinstance(node, ast.FunctionDef):
        definition, node.name = node, name
        definition.body = [*set_first, *node.body]
    else:
        return None
    written_now = ast.unparse(ast.fix_missing_locations(definition))
    try:
        compile(written_now, name, "exec", dont_inherit=True)
    except SyntaxError:  # it changes a variable of the function around it
        return None
    return written_now


def _cell_of(function: FunctionType, session: Session) -> str:
    """The newest cell that has the line where the function begins."""
    import linecache

    line = linecache.getline(function.__code__.co_filename, function.__code__.co_firstlineno)
    source_line = line.strip()
    cell = next(
        (one for one in reversed(session.cells) if source_line and source_line in one.source), None
    )
    return f"{cell.shown}; {first_line(source_line)}" if cell else ""
