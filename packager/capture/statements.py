"""The statements of cells: what each binds, what it changes, and what it needs."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packager.capture.cells import Cell

BUILTINS = frozenset(dir(builtins)) - {"get_ipython", "display", "__IPYTHON__"}
"""Python's own names: IPython adds these."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class CellStatement:
    """A statement at the top of a cell."""

    cell: Cell
    text: str
    """As it was written, with its decorators."""
    node: ast.stmt
    binds: frozenset[str]
    """Names that it gives a value, a nested ``if``, ``for``, ``with`` or ``try`` included."""
    changes: frozenset[str]
    """Names whose object it changes: ``x.a = …``, ``x[k] = …``, ``x += …``, ``del x.a``."""

    @property
    def defines(self) -> str | None:
        """The name of the function or class that it defines."""
        return self.node.name if isinstance(self.node, Definition) else None

    @property
    def is_import(self) -> bool:
        """Whether it imports modules or names."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_lambda(self) -> bool:
        """Whether it gives a name to a lambda."""
        return isinstance(self.node, ast.Assign | ast.AnnAssign) and isinstance(
            self.node.value, ast.Lambda
        )

    def is_definition_of(self, name: str) -> bool:
        """Whether it defines ``name`` as a function, class or lambda, and does nothing else."""
        return self.defines == name or (self.is_lambda and self.binds == {name})

    def imports_of(self, name: str) -> str:
        """The part of an import that binds ``name``; empty if it binds others only."""
        if not isinstance(self.node, ast.Import | ast.ImportFrom):
            return ""
        for alias in reversed(self.node.names):
            if (alias.asname or alias.name.partition(".")[0]) == name:
                shown = alias.name if alias.asname is None else f"{alias.name} as {alias.asname}"
                if isinstance(self.node, ast.Import):
                    return f"import {shown}"
                return f"from {'.' * self.node.level}{self.node.module or ''} import {shown}"
        return ""

    def needs(self) -> frozenset[str]:
        """Names of the module that it uses, without those of Python."""
        return free_names(self.text)


def statements(cells: Sequence[Cell]) -> list[CellStatement]:
    """The statements of ``cells`` in order; cells that aren't Python are left out."""
    return [one for cell in cells for one in _of_cell(cell)]


def free_names(text: str) -> frozenset[str]:
    """Names that the code ``text`` looks up in its module, without those of Python."""
    found: set[str] = set()

    def walk(table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            outer = table.get_type() == "module" or symbol.is_global()
            if outer and symbol.is_referenced():
                found.add(symbol.get_name())
        for child in table.get_children():
            walk(child)

    walk(symtable.symtable(text, "cell", "exec"))
    return frozenset(found - BUILTINS)


def _of_cell(cell: Cell) -> Iterator[CellStatement]:
    lines = cell.source.splitlines()
    for node in ast.parse(cell.source).body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        text = "\n".join(lines[first - 1 : node.end_lineno])
        if not _is_one_statement(text):
            text = ast.unparse(node)  # several statements are on one line
        yield CellStatement(cell, text, node, frozenset(_bound(node)), frozenset(_changed(node)))


def _is_one_statement(text: str) -> bool:
    try:
        return len(ast.parse(text).body) == 1
    except SyntaxError:
        return False


def _bound(node: ast.AST) -> Iterator[str]:
    """Names that ``node`` binds in its module; bodies of functions and classes don't."""
    if isinstance(node, Definition):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    if isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    if isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.comprehension):  # its variables are its own
            yield from _bound(child)


def _changed(node: ast.AST) -> Iterator[str]:
    """Names whose objects ``node`` changes by an assignment or a deletion."""
    if isinstance(node, Definition | ast.Lambda):
        return
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        owner = node.value
        while isinstance(owner, ast.Attribute | ast.Subscript):
            owner = owner.value
        if isinstance(owner, ast.Name):
            yield owner.id
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    for child in ast.iter_child_nodes(node):
        yield from _changed(child)
