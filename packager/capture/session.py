"""The running session: its names, and the source that they come from."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from packager.capture.cells import Cell, file_cells, ipython_cells, running_shell
from packager.capture.statements import CellStatement, statements

MAIN = "__main__"
NO_SOURCE = "the session has no source: it was typed, or run by exec without a file"
_OWN = "packager"


@dataclass(frozen=True)
class Session:
    """Names and source of what the user runs."""

    names: Mapping[str, Any]
    """Its namespace now."""
    cells: tuple[Cell, ...]
    """Files first, then cells in the order of execution."""

    @property
    def module(self) -> str:
        """``__module__`` of the session's functions and classes."""
        return str(self.names.get("__name__", MAIN))

    @property
    def why(self) -> str:
        """Why there is no source; empty if there is some."""
        return "" if self.cells else NO_SOURCE

    @cached_property
    def statements(self) -> list[CellStatement]:
        """The statements at the top of the cells, in order."""
        return statements(self.cells)

    @cached_property
    def trees(self) -> list[tuple[str, ast.Module]]:
        """Source and syntax tree of each cell."""
        return [(cell.source, ast.parse(cell.source)) for cell in self.cells]

    def defines(self, value: Any) -> bool:
        """Whether ``value`` is a function or class of the session, at whatever depth."""
        return getattr(value, "__module__", None) == self.module

    def cell_of(self, value: Any) -> str:
        """Name and newest cell of an object, ``model (cell 3, model = …)``; empty if not known."""
        names = [name for name, one in self.names.items() if one is value]
        for statement in reversed(self.statements):
            for name in names:
                if name in statement.binds:
                    return f"{name} ({statement.cell.shown})"
        return ""

    def own(self) -> dict[int, str]:
        """Identity of each function and class that a name of the session has → the name."""
        return {
            id(value): name
            for name, value in self.names.items()
            if self.defines(value) and getattr(value, "__qualname__", None) == name
        }


def current_session(names: Mapping[str, Any] | None = None) -> Session:
    """The session with the namespace ``names``, by default of the code that called the product.

    Its source is what IPython executed, and the files whose code ran in the namespace.
    """
    namespace = _callers_names() if names is None else names
    shell = running_shell()
    executed: list[Cell] = []
    if shell is not None and namespace is shell.user_ns:
        executed = ipython_cells(shell.user_ns.get("In", ()), shell.transform_cell)
    return Session(namespace, _valid((*file_cells(namespace, executed), *executed)))


def _valid(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    valid = []
    for cell in cells:
        try:
            ast.parse(cell.source)
        except (SyntaxError, ValueError):
            continue  # a file that changed into no Python, or is of another language
        valid.append(cell)
    return tuple(valid)


def _callers_names() -> Mapping[str, Any]:
    """The namespace of the innermost frame outside of this product.

    A module that was imported is none: what it passes on is the session's, which is ``__main__``.
    """
    frame = sys._getframe(1)
    while frame is not None:
        names = frame.f_globals
        module = str(names.get("__name__", ""))
        imported = module != MAIN and vars(sys.modules.get(module, sys)) is names
        if module.partition(".")[0] != _OWN and not imported:
            return names
        if frame.f_back is None:
            break
        frame = frame.f_back
    return vars(sys.modules[MAIN])
