"""What a function or class needs of its session, as the source of a module.

Source, never a pickle by value: statements that import or define are taken as they were written;
any other name must have a small plain value now, which is written as a constant. What can't be
captured is named with its cell; nothing is guessed.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from packager.capture.cells import SCRIPT
from packager.capture.literals import literal_text
from packager.capture.statements import CellStatement

MAIN = "__main__"


@dataclass(frozen=True)
class Refusal:
    """A name that can't be captured."""

    name: str
    cell: int | None
    """None if no cell binds it."""
    reason: str

    def __str__(self) -> str:
        where = (
            ""
            if self.cell is None
            else " (the script)"
            if self.cell == SCRIPT
            else (f" (cell {self.cell})")
        )
        return f"{self.name}{where}: {self.reason}"


@dataclass
class Closure:
    """The captured names."""

    statements: dict[int, CellStatement] = field(default_factory=dict)
    """Position in the session → a statement that is taken as it was written."""
    constants: dict[str, str] = field(default_factory=dict)
    """Name → the Python of its value."""
    imports: dict[str, str] = field(default_factory=dict)
    """Name → the statement that imports it; no cell has it as such."""
    refused: list[Refusal] = field(default_factory=list)

    def source(self) -> str:
        """The module: imports, constants, then definitions in the order of the session."""
        taken = [self.statements[place] for place in sorted(self.statements)]
        parts = [
            "\n".join([*(one.text for one in taken if one.is_import), *self.imports.values()]),
            "\n".join(f"{name} = {text}" for name, text in sorted(self.constants.items())),
            *(one.text for one in taken if not one.is_import),
        ]
        return "\n\n\n".join(part for part in parts if part) + "\n"


def closure(
    roots: Iterable[str], found: Sequence[CellStatement], names: Mapping[str, Any]
) -> Closure:
    """Everything that the names ``roots`` need, transitively.

    ``found``: the statements of the session in the order of execution; ``names``: its namespace
    now.
    """
    made = Closure()
    last = {name: place for place, one in enumerate(found) for name in one.binds}
    waiting, seen = list(roots), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        place = last.get(name)
        if place is None:
            _unbound(name, names, made)
            continue
        one = found[place]
        if one.is_import:
            made.statements[place] = one
        elif one.defines == name or (one.is_lambda and len(one.binds) == 1):
            changed = next((x for x in found[place + 1 :] if name in x.changes), None)
            if changed is not None:
                reason = f"it is changed after its definition ({_first_line(changed.text)})"
                made.refused.append(Refusal(name, changed.cell, reason))
                continue
            made.statements[place] = one
            waiting += sorted(one.needs())
        else:
            _computed(name, one, names, made)
    return made


def _unbound(name: str, names: Mapping[str, Any], made: Closure) -> None:
    """A name that no statement binds: by ``import *``, by ``exec``, or not at all."""
    if name not in names:
        made.refused.append(Refusal(name, None, "nothing in the session defines it"))
        return
    _live(name, None, names[name], made)


def _computed(name: str, one: CellStatement, names: Mapping[str, Any], made: Closure) -> None:
    """A name whose statement does more than to define it: only its value now can be kept."""
    if name not in names:
        made.refused.append(Refusal(name, one.cell, "it was deleted"))
        return
    _live(name, one, names[name], made)


def _live(name: str, one: CellStatement | None, value: Any, made: Closure) -> None:
    text = literal_text(value)
    imported = None if text is not None else _import_of(name, value)
    if text is not None:
        made.constants[name] = text
    elif imported is not None:
        made.imports[name] = imported
    else:
        cell = None if one is None else one.cell
        how = "is of no cell" if one is None else f"is computed ({_first_line(one.text)})"
        reason = (
            f"its value, of the type {type(value).__name__}, {how}: give it as a parameter, or "
            "compute it in the function"
        )
        made.refused.append(Refusal(name, cell, reason))


def _import_of(name: str, value: Any) -> str | None:
    """The import of a module, or of what a module defines under its own name."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
    module, own = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not (module and own) or module == MAIN or "." in own or not callable(value):
        return None
    if not (inspect.isroutine(value) or inspect.isclass(value)):
        return None
    try:
        same = getattr(importlib.import_module(module), own, None) is value
    except ImportError:
        return None
    if not same:
        return None
    return f"from {module} import {own}" + (f" as {name}" if own != name else "")


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0]
    return line if len(line) <= 60 else f"{line[:57]}…"
