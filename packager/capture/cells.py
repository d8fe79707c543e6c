"""The source of a session: the cells of a notebook, or the file of a script."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

RUN_THE_BODY = ("time", "timeit", "capture", "prun", "python", "python3", "pypy")
"""Cell magics (``%%time``) whose body defines names as a cell without them does."""
MAGIC = re.compile(r"^(?P<indent>\s*)(?P<rest>(?:[%!?]|[\w.]+\s*=\s*[%!]).*)$")
SCRIPT = 0
"""The number of a script's only cell."""


@dataclass(frozen=True)
class Cell:
    """A piece of source that was executed, in the order of execution."""

    number: int
    source: str
    """Python without magics; a line of one is ``pass``."""
    magics: tuple[str, ...] = ()
    """The lines that were left out."""


def session_cells(main: ModuleType | None = None) -> tuple[list[Cell], str]:
    """The cells of the running session, and why there are none.

    Of IPython the executed cells; else the file of the script that runs. Code that was given to
    ``exec`` or typed in the plain interpreter has no source.
    """
    main = sys.modules["__main__"] if main is None else main
    shell = _shell()
    if shell is not None:
        return ipython_cells(shell.user_ns.get("In", ())), ""
    file = getattr(main, "__file__", None)
    if file is None or not Path(file).is_file():
        return [], "the session has no source: it was typed, or run by exec"
    return [Cell(SCRIPT, Path(file).read_text(encoding="utf-8"))], ""


def ipython_cells(executed: Sequence[str]) -> list[Cell]:
    """The cells of IPython's list ``In``, whose first entry is empty, that are Python."""
    cells = [python_cell(number, source) for number, source in enumerate(executed) if source]
    return [cell for cell in cells if cell is not None]


def python_cell(number: int, source: str) -> Cell | None:
    """The Python of a cell; None if it is of another language, or was a syntax error."""
    lines, left_out = source.splitlines(), []
    if lines and lines[0].startswith("%%"):
        name = lines[0][2:].split()[0] if lines[0][2:].split() else ""
        if name not in RUN_THE_BODY:
            return None
        left_out.append(lines[0])
        lines = lines[1:]
    kept: list[str] = []
    for line in lines:
        found = MAGIC.match(line)
        if found is not None and not _compiles("\n".join([*kept, line])):
            left_out.append(line.strip())
            kept.append(f"{found['indent']}pass")
        else:
            kept.append(line.removesuffix("?") if line.rstrip().endswith("?") else line)
    text = "\n".join(kept)
    return Cell(number, text, tuple(left_out)) if _compiles(text) else None


def _compiles(text: str) -> bool:
    """Whether ``text`` is Python; code with ``await`` at its top is, in IPython."""
    try:
        compile(text, "cell", "exec", flags=_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


_TOP_LEVEL_AWAIT = 0x2000
"""``ast.PyCF_ALLOW_TOP_LEVEL_AWAIT``."""


def _shell() -> Any:
    """The running IPython, if this is one; None otherwise."""
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()


def namespace_of(main: ModuleType | None = None) -> Mapping[str, Any]:
    """The names of the session."""
    shell = _shell()
    found = sys.modules["__main__"] if main is None else main
    return vars(found) if shell is None else shell.user_ns
