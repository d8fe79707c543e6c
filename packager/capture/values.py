"""Values that can be written as Python: plain ones, and small objects of well-known libraries."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import logging
import math
import pathlib
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LITERAL = 4096
"""Characters of a constant: more is data, which belongs into a file."""
MAX_DEPTH = 20


@dataclass(frozen=True)
class WrittenValue:
    """Python that evaluates to an equal value of the same type."""

    text: str
    modules: frozenset[str] = frozenset()
    """Modules that it names, such as ``numpy``."""
    names: frozenset[str] = frozenset()
    """Names of the session that it uses."""


class _NotWritableError(Exception):
    """There is no text for a value."""


def written(value: Any, own: Mapping[int, str] | None = None) -> WrittenValue | None:
    """Python for ``value``; None if there is none, or if it is longer than 4096 characters.

    ``own``: identity of a function or class of the session → its name there.
    """
    writer = _Writer(own or {})
    try:
        text = writer.text(value, 0)
    except _NotWritableError:
        return None
    if len(text) > MAX_LITERAL:
        return None
    return WrittenValue(text, frozenset(writer.modules), frozenset(writer.names))


def alias(module: str) -> str:
    """The name under which a captured module imports what constants need."""
    return f"_{module.replace('.', '_')}"


def public_module(module: str, name: str, value: Any) -> str | None:
    """The shortest module above ``module``, or itself, that has ``value`` as ``name``.

    ``pandas`` for a class of ``pandas.core.frame``; None if none of them has it.
    """
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        candidate = ".".join(parts[:end])
        if getattr(sys.modules.get(candidate), name, None) is value:
            return candidate
    return None


class _Writer:
    def __init__(self, own: Mapping[int, str]) -> None:
        self.own = own
        self.modules: set[str] = set()
        self.names: set[str] = set()

    def text(self, value: Any, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise _NotWritableError
        kind = type(value)
        if kind is float and not math.isfinite(value):
            return f"float({str(value)!r})"
        if value is None or value is ... or kind in (bool, int, float, complex, str, bytes):
            return repr(value)
        if kind in _CONTAINERS:
            return _CONTAINERS[kind](self, value, depth + 1)
        if id(value) in self.own:
            self.names.add(self.own[id(value)])
            return self.own[id(value)]
        for known, write in _OBJECTS.items():
            if kind is known or (known in _BASES and isinstance(value, known)):
                return write(self, value, depth + 1)
        if dataclasses.is_dataclass(value) and id(kind) in self.own:
            return self.dataclass(value, depth + 1)
        return self._of_numpy(value, depth + 1)

    def several(self, values: Any, depth: int) -> str:
        return ", ".join(self.text(value, depth) for value in values)

    def pairs(self, value: dict[Any, Any], depth: int) -> str:
        parts = (f"{self.text(k, depth)}: {self.text(v, depth)}" for k, v in value.items())
        return "{" + ", ".join(parts) + "}"

    def module(self, name: str) -> str:
        """The name under which the text has a module: no name of the session."""
        self.modules.add(name)
        return alias(name)

    def called(self, function: str, *arguments: Any, depth: int = 0) -> str:
        module, _, name = function.partition(".")
        return f"{self.module(module)}.{name}({self.several(arguments, depth)})"

    def member(self, value: enum.Enum, depth: int) -> str:
        kind = self.text(type(value), depth)
        if isinstance(value.name, str) and value.name.isidentifier():
            return f"{kind}.{value.name}"
        return f"{kind}({self.text(value.value, depth)})"  # several flags together

    def partial(self, value: functools.partial[Any], depth: int) -> str:
        arguments = [
            self.function(value.func, depth),
            *(self.text(argument, depth) for argument in value.args),
        ]
        arguments += [f"{name}={self.text(one, depth)}" for name, one in value.keywords.items()]
        return f"{self.module('functools')}.partial({', '.join(arguments)})"

    def function(self, value: Any, depth: int) -> str:
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if id(value) in self.own or not module or not name.isidentifier():
            return self.text(value, depth)
        public = public_module(module, name, value)
        if public is None:
            raise _NotWritableError
        return f"{self.module(public)}.{name}"

    def dataclass(self, value: Any, depth: int) -> str:
        """An object of a data class of the session, made again from its fields."""
        fields = dataclasses.fields(value)
        if not all(field.init for field in fields) or hasattr(value, "__post_init__"):
            raise _NotWritableError
        arguments = (
            f"{field.name}={self.text(getattr(value, field.name), depth)}" for field in fields
        )
        return f"{self.text(type(value), depth)}({', '.join(arguments)})"

    def _of_numpy(self, value: Any, depth: int) -> str:
        """A scalar, a small array, a time or an index: known by the module's name alone."""
        kind = type(value)
        if kind.__module__ == "numpy" and hasattr(value, "dtype"):
            plain = value.dtype.kind in "biufc"
            if kind.__name__ == "ndarray" and (plain or value.dtype.kind == "U"):
                cells = self.text(value.tolist() if value.size < MAX_LITERAL else object(), depth)
                return f"{self.module('numpy')}.array({cells}, dtype={value.dtype.str!r})"
            if kind.__name__ != "ndarray" and plain:
                return (
                    f"{self.module('numpy')}.{value.dtype.name}({self.text(value.item(), depth)})"
                )
        if kind.__module__.partition(".")[0] == "pandas":
            if kind.__name__ in ("Timestamp", "Timedelta"):
                return f"{self.module('pandas')}.{kind.__name__}({str(value)!r})"
            if kind.__name__ == "Index" and len(value) < MAX_LITERAL:
                return f"{self.module('pandas')}.Index({self.text(value.tolist(), depth)})"
        raise _NotWritableError


def _tuple(writer: _Writer, value: tuple[Any, ...], depth: int) -> str:
    return f"({writer.several(value, depth)}{',' if len(value) == 1 else ''})"


def _set(writer: _Writer, value: set[Any], depth: int) -> str:
    return f"{{{writer.several(sorted(value, key=repr), depth)}}}" if value else "set()"


def _time(writer: _Writer, value: datetime.datetime) -> str:
    if type(value.tzinfo) not in (type(None), datetime.timezone):
        raise _NotWritableError
    return writer.called("datetime.datetime.fromisoformat", value.isoformat())


_CONTAINERS: dict[type, Callable[[_Writer, Any, int], str]] = {
    tuple: _tuple,
    list: lambda writer, value, depth: f"[{writer.several(value, depth)}]",
    set: _set,
    frozenset: lambda writer, value, depth: (
        f"frozenset({_set(writer, value, depth) if value else ''})"
    ),
    dict: lambda writer, value, depth: writer.pairs(value, depth),
}
_OBJECTS: dict[type, Callable[[_Writer, Any, int], str]] = {
    enum.Enum: lambda writer, value, depth: writer.member(value, depth),
    functools.partial: lambda writer, value, depth: writer.partial(value, depth),
    re.Pattern: lambda writer, value, depth: writer.called(
        "re.compile", value.pattern, int(value.flags), depth=depth
    ),
    logging.Logger: lambda writer, value, depth: writer.called(
        "logging.getLogger", value.name, depth=depth
    ),
    pathlib.Path: lambda writer, value, _: writer.called("pathlib.Path", str(value)),
    datetime.datetime: lambda writer, value, _: _time(writer, value),
    datetime.date: lambda writer, value, _: writer.called(
        "datetime.date", value.year, value.month, value.day
    ),
    datetime.timedelta: lambda writer, value, _: writer.called(
        "datetime.timedelta", value.days, value.seconds, value.microseconds
    ),
    decimal.Decimal: lambda writer, value, _: writer.called("decimal.Decimal", str(value)),
    fractions.Fraction: lambda writer, value, _: writer.called("fractions.Fraction", str(value)),
    uuid.UUID: lambda writer, value, _: writer.called("uuid.UUID", str(value)),
}
"""Type of small objects whose text is known → how to write one."""
_BASES = (enum.Enum, logging.Logger, pathlib.Path)
"""Classes whose subclasses are written in the same way."""
