"""The names of a session that a function or class needs, as the source of a module.

Source, never a pickle by value: statements that import or define are taken as they were written, if
they are what the session has now; any other name must have a small value now, which is written as
a constant. What can't be captured is named with its cell; nothing is guessed.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from packager.capture.cells import first_line
from packager.capture.factories import is_made_by_factory
from packager.capture.plain_expressions import computed_again
from packager.capture.same_code import has_future_annotations, is_live
from packager.capture.session import MAIN, Session
from packager.capture.statements import CellStatement
from packager.capture.values import WrittenValue, alias, public_module, written

IPYTHON = "get_ipython"
FUTURE = "from __future__ import annotations"
FILLED: dict[type, str] = {
    dict: "{name}.update({text})",
    list: "{name}[:] = {text}",
    set: "{name}.update({text})",
}
"""Calls that fill an empty container."""


@dataclass(frozen=True)
class Refusal:
    """A name that can't be captured."""

    name: str
    cell: str
    """The cell and its first line, or the file; empty if no cell binds the name."""
    reason: str

    def __str__(self) -> str:
        return f"{self.name}{f' ({self.cell})' if self.cell else ''}: {self.reason}"


@dataclass
class Closure:
    """The captured names."""

    statements: dict[int, CellStatement] = field(default_factory=dict)
    """Position in the session → a statement that is taken as it was written."""
    constants: dict[str, str] = field(default_factory=dict)
    """Name → the Python of its value."""
    imports: dict[str, str] = field(default_factory=dict)
    """Key → a statement that imports one name."""
    refused: list[Refusal] = field(default_factory=list)
    late: dict[str, str] = field(default_factory=dict)
    """Name → what gives it its value after the definitions, whose names the value has."""
    future: bool = False

    def source(self) -> str:
        """The module: imports, constants, then definitions in the order of the session."""
        taken = [self.statements[index] for index in sorted(self.statements)]
        imports = dict.fromkeys(sorted(self.imports.values(), key=_order))
        parts = [
            FUTURE if self.future else "",
            "\n".join(imports),
            "\n".join(f"{name} = {text}" for name, text in sorted(self.constants.items())),
            *(one.text for one in taken),
            "\n".join(self.late[name] for name in sorted(self.late)),
        ]
        return "\n\n\n".join(part for part in parts if part) + "\n"


def closure(roots: Iterable[str], session: Session) -> Closure:
    """Everything that the names ``roots`` of the session need, transitively."""
    return _Capture(session).of(roots)


class _Capture:
    def __init__(self, session: Session) -> None:
        self.session, self.made = session, Closure()
        self.statements: Sequence[CellStatement] = session.statements
        self.waiting: list[str] = []

    def of(self, roots: Iterable[str]) -> Closure:
        self.waiting, seen = list(roots), set()
        while self.waiting:
            name = self.waiting.pop()
            if name not in seen:
                seen.add(name)
                self._take(name)
        return self.made

    def _take(self, name: str) -> None:
        binding = [index for index, one in enumerate(self.statements) if name in one.binds]
        if name not in self.session.names and not hasattr(builtins, name):
            last = self.statements[binding[-1]] if binding else None
            reason = "it was deleted" if last else "nothing in the session defines it"
            self._refuse(name, last, reason)
            return
        value = self.session.names.get(name, getattr(builtins, name, None))
        if name == IPYTHON and not binding:
            reason = "a magic or shell command within a function or class runs in IPython alone"
            self._refuse(name, self._user_of(name), reason)
            return
        defining = [index for index in binding if self.statements[index].is_definition_of(name)]
        if not binding:
            self._live(name, None, value)
        elif self.statements[binding[-1]].is_import:
            self.made.imports |= self._imports(name, binding)
        elif defining and defining[-1] == binding[-1]:
            self._define(name, defining, value)
        elif is_made_by_factory(self.statements[binding[-1]], name, value, self.session.names):
            self.made.statements[binding[-1]] = self.statements[binding[-1]]
            self.waiting += sorted(self.statements[binding[-1]].needs())
        else:
            self._live(name, self.statements[binding[-1]], value)

    def _imports(self, name: str, binding: Sequence[int]) -> dict[str, str]:
        """The imports that bind ``name`` and nothing else: its last one, or those of parts of it.

        ``import a.b`` and ``import a.c`` both bind ``a``.
        """
        lines: dict[str, str] = {}
        for index in reversed(binding):
            imports = self.statements[index].imports_of(name)
            whole = imports.startswith(f"import {name}") and " as " not in imports
            if not imports or (lines and not whole):
                break
            lines = {f"{name}:{index}": imports, **lines}
            if not whole:
                break
        return lines

    def _define(self, name: str, defining: Sequence[int], value: Any) -> None:
        """Take the newest statement that made ``value``; a cell may have failed before it."""
        statements = self.statements
        live = [
            x for x in defining if is_live(statements[x].text, name, value, statements[x].beside)
        ]
        newest = (live or defining)[-1]
        one = self.statements[newest]
        changed = next((x for x in self.statements[newest + 1 :] if name in x.changes), None)
        if changed is not None:
            reason = f"it is changed after its definition ({first_line(changed.text)})"
            self._refuse(name, changed, reason)
            return
        if not live:
            self._refuse(name, one, "the session has another definition: run it again")
            return
        stale = _stale_default(one, value, self.session)
        if stale:
            reason = f"a default of it is {stale} as it was: run its definition again"
            self._refuse(name, one, reason)
            return
        self.made.statements[live[-1]] = one
        self.made.future |= has_future_annotations(value)
        self.waiting += sorted(one.needs())

    def _live(self, name: str, one: CellStatement | None, value: Any) -> None:
        """Only the value that the name has now can be kept."""
        own = {key: one for key, one in self.session.own().items() if one != name}
        text = written(value, own)
        imported = None if text is not None else import_of(name, value)
        if text is not None:
            self.made.imports |= {f".{m}": f"import {m} as {alias(m)}" for m in text.modules}
            self._assign(name, value, text)
            self.waiting += sorted(text.names)
        elif imported is not None:
            self.made.imports[name] = imported
        else:
            if one is None and self.session.defines(value):
                self._refuse(name, None, self.session.why or "its source is in no cell or file")
                return
            how = "is of no cell" if one is None else f"is computed ({first_line(one.text)})"
            reason = (
                f"its value, of the type {type(value).__name__}, {how}: give it as a parameter, or "
                "compute it in the function"
            )
            self._refuse(name, one, reason)

    def _assign(self, name: str, value: Any, text: WrittenValue) -> None:
        """A container of definitions is there before them: a decorator may add to it."""
        if not text.names:
            self.made.constants[name] = text.text
        elif type(value) in FILLED:
            self.made.constants[name] = f"{type(value).__name__}()"
            self.made.late[name] = FILLED[type(value)].format(name=name, text=text.text)
        else:
            self.made.late[name] = f"{name} = {text.text}"

    def _user_of(self, name: str) -> CellStatement | None:
        taken = self.made.statements.values()
        return next((one for one in taken if name in one.needs()), None)

    def _refuse(self, name: str, one: CellStatement | None, reason: str) -> None:
        self.made.refused.append(Refusal(name, one.cell.shown if one else "", reason))


def _order(line: str) -> tuple[bool, str]:
    """``import`` before ``from``, as formatters order them."""
    return line.startswith("from "), line


def _stale_default(one: CellStatement, value: Any, session: Session) -> str:
    """A name whose value a parameter's default had, and that has another one now; empty if none.

    A default that is computed from plain values is computed again; others are taken as they are.
    """
    node = one.node
    if not isinstance(node, ast.FunctionDef) or not inspect.isfunction(value):
        return ""
    defaults = [
        *zip(reversed(node.args.defaults), reversed(value.__defaults__ or ()), strict=False)
    ]
    named = value.__kwdefaults__ or {}
    for parameter, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if default is not None and parameter.arg in named:
            defaults.append((default, named[parameter.arg]))
    for default, had in defaults:
        names = [inner.id for inner in ast.walk(default) if isinstance(inner, ast.Name)]
        now = computed_again(default, session.names)
        if names and now is not None and not _equal(now.value, had):
            return names[0]
    return ""


def _equal(now: Any, had: Any) -> bool:
    return now is had or (type(now) is type(had) and repr(now) == repr(had))


def import_of(name: str, value: Any) -> str | None:
    """The import of a module, or of what a module defines under its own name."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
    module, own = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if own is None:  # such as NumPy's functions of elements
        own = getattr(value, "__name__", None)
        module = module or type(value).__module__
    if not (isinstance(module, str) and isinstance(own, str)) or "." in own or not callable(value):
        return None
    module = public_module(module, own, value)
    if module is None or module == MAIN:
        return None
    return f"from {module} import {own}" + (f" as {name}" if own != name else "")
