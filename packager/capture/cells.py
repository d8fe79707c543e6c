"""The source of a session: the cells of a notebook, and the files whose code it ran."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

RUN_THE_BODY = ("time", "timeit", "capture", "prun", "python", "python3", "pypy")
"""Magics (``%%time``, ``%time``) whose body defines names as a cell without them does."""
FILE = 0
"""The number of a cell that is a whole file."""
MAX_SHOWN = 60
TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


@dataclass(frozen=True)
class Cell:
    """A piece of source that was executed, in the order of execution."""

    number: int
    """As the notebook shows it; 0 for a file."""
    source: str
    """Python, as it was written; IPython's own lines are calls of ``get_ipython()``."""
    file: str = ""
    """The file, of a script or of an editor that runs parts of one."""

    @property
    def shown(self) -> str:
        """``cell 3, import pandas as pd``, or the name of the file."""
        return self.file or f"cell {self.number}, {first_line(self.source)}"


def ipython_cells(
    executed: Sequence[str], python_of: Callable[[str], str] = lambda text: text
) -> list[Cell]:
    """The cells of IPython's list ``In``, whose first entry is empty.

    ``In`` holds cells as Python; ``python_of`` makes Python of the body of a cell magic. Cells of
    other languages have no names of Python, and cells that are no Python did not run.
    """
    return [
        cell
        for number, source in enumerate(executed)
        if source
        for cell in _unwrapped(number, source, python_of)
    ]


def _unwrapped(number: int, source: str, python_of: Callable[[str], str]) -> Iterator[Cell]:
    """The cell; of one with a magic that runs code, the cell without it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    bodies = {id(node): body for node in tree.body if (body := _magic_body(node)) is not None}
    if not bodies:
        yield Cell(number, source)
        return
    for node in tree.body:
        if id(node) in bodies:
            yield from _unwrapped(number, python_of(bodies[id(node)]), python_of)
        else:
            yield Cell(number, ast.get_source_segment(source, node) or ast.unparse(node))


def _magic_body(node: ast.stmt) -> str | None:
    """The code that a statement such as ``get_ipython().run_cell_magic('time', '', …)`` runs."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
        return None
    texts = [
        argument.value if isinstance(argument, ast.Constant) else None for argument in call.args
    ]
    if call.func.attr not in ("run_cell_magic", "run_line_magic") or texts[0] not in RUN_THE_BODY:
        return None
    return texts[-1] if isinstance(texts[-1], str) else None


def file_cells(names: Mapping[str, Any], cells: Sequence[Cell]) -> list[Cell]:
    """The sources that the functions and classes of ``names`` say they come from.

    A script, a file that an editor runs in parts, a session whose lines Python keeps. Sources that
    are among ``cells`` already are left out.
    """
    files = dict.fromkeys(
        code.co_filename
        for value in list(names.values())
        if getattr(value, "__module__", None) == names.get("__name__")
        for code in codes_of(value)
    )
    own = names.get("__file__")
    files = {own: None, **files} if isinstance(own, str) else files
    known = {cell.source.strip() for cell in cells}
    sources = {file: "".join(linecache.getlines(file)) for file in files}
    return [
        Cell(FILE, source, file)
        for file, source in sources.items()
        if source.strip() and source.strip() not in known
    ]


def codes_of(value: Any) -> list[CodeType]:
    """The code of a function, or of the methods of a class."""
    members = vars(value).values() if isinstance(value, type) else (value,)
    plain = (getattr(one, "__func__", getattr(one, "fget", one)) for one in members)
    return [one.__code__ for one in plain if isinstance(one, FunctionType)]


def running_shell() -> Any:
    """The running IPython, if this is one; None otherwise."""
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()


def first_line(text: str) -> str:
    """The first line with content, cut to 60 characters."""
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"
