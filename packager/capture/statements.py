"""The statements of cells: what each binds, what it changes, and what it needs."""

from __future__ import annotations

import ast
import builtins
import symtable
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packager.capture.cells import Cell
from packager.capture.same_code import imported_by

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
    beside: frozenset[str] = frozenset()
    """Names that the cell's imports bind."""

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
    tree = ast.parse(text)
    used, own = set[str](), set[str]()
    counted = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }

    def walk(table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            outer = table.get_type() == "module" or symbol.is_global()
            added_to = symbol.is_declared_global() and symbol.get_name() in counted
            if outer and (symbol.is_referenced() or added_to):
                used.add(symbol.get_name())
            elif not outer:
                own.add(symbol.get_name())
        for child in table.get_children():
            walk(child)

    walk(symtable.symtable(text, "cell", "exec"))
    return frozenset((used | {*_named_in_texts(tree)} - own) - BUILTINS)


def _named_in_texts(tree: ast.AST) -> Iterator[str]:
    """Names that ``globals()["NAME"]`` and ``eval("TEXT")`` look up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _calls(node.value, "globals"):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield node.slice.value
        elif isinstance(node, ast.Call) and _calls(node, "eval") and node.args:
            text = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            try:
                yield from free_names(text) if isinstance(text, str) else ()
            except SyntaxError:
                continue


def _calls(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _of_cell(cell: Cell) -> Iterator[CellStatement]:
    lines = cell.source.splitlines()
    tree = ast.parse(cell.source)
    beside = imported_by(tree)
    for node in tree.body:
        changed = frozenset(_changed(node))
        text = _text(node, lines)
        yield CellStatement(cell, text, node, frozenset(_bound(node)), changed, beside)
        for inner in _definitions_in(node):
            if inner.name not in changed:
                name = frozenset({inner.name})
                yield CellStatement(cell, _text(inner, lines), inner, name, frozenset(), beside)


def _definitions_in(node: ast.AST) -> Iterator[Definition]:
    """Functions and classes that an ``if``, ``try``, ``with`` or loop at the top defines."""
    if isinstance(node, Definition):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield child
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _definitions_in(child)


def _text(node: ast.stmt, lines: Sequence[str]) -> str:
    """The source of a statement, as it was written if it has lines of its own."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    text = textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))
    try:
        written = ast.parse(text).body
    except SyntaxError:
        written = []
    is_same = len(written) == 1 and ast.dump(written[0]) == ast.dump(node)
    return text if is_same else ast.unparse(node)  # several statements are on one line


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
