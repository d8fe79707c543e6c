"""The references of a model's pickle: classes and functions of the session, and modules."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from packager.capture.session import Session
from packager.errors import PackageError
from packager.text import printable

MAX_PATH = 6
"""Depth at which what can't be pickled is looked for."""
_SOURCE = "leave it out of the model, or set it when the model is used"


@dataclass
class References:
    """The names in a pickle."""

    names: dict[str, Any] = field(default_factory=dict)
    """Qualified name in the session → its class or function, as the pickle has it."""
    nameless: list[FunctionType] = field(default_factory=list)
    """Lambdas and functions within functions, which a pickle can't name."""
    modules: set[str] = field(default_factory=set)
    """Modules besides the session's, dotted."""


def references(value: Any, session: Session) -> References:
    """The references of a pickle of ``value``; nothing is loaded.

    Raises ``PackageError`` for what can't be pickled, with its place within ``value``.
    """
    referenced = References()
    try:
        _Recorder(referenced, session).dump(value)
    except Exception as error:  # the objects' own methods run
        where = _unpicklable(value, session)
        raise PackageError(
            f"{type(value).__name__}{where}: expected a model that can be pickled, got an object "
            f"that can't: {printable(str(error))[:200]}",
            _SOURCE,
        ) from error
    return referenced


class _Recorder(pickle.Pickler):
    """Writes nothing that is kept, and records each class and function that a pickle names."""

    def __init__(self, referenced: References, session: Session) -> None:
        super().__init__(io.BytesIO(), protocol=5)
        self.referenced, self.session = referenced, session

    def reducer_override(self, value: Any) -> Any:
        """Called by ``pickle`` for every object that is not one of Python's plain values."""
        if isinstance(value, type):  # a class needs its bases: LightGBM's are scikit-learn's
            self.referenced.modules |= {one.__module__ for one in value.__mro__} - {
                self.session.module
            }
        if not isinstance(value, type | FunctionType):
            if callable(value) and hasattr(value, "__name__"):
                module = getattr(value, "__module__", None) or type(value).__module__
                self.referenced.modules |= {str(module)} - {self.session.module}
            return NotImplemented
        if not self.session.defines(value):
            self.referenced.modules.add(value.__module__)
            return NotImplemented
        if isinstance(value, FunctionType) and "<" in value.__qualname__:
            if all(value is not one for one in self.referenced.nameless):
                self.referenced.nameless.append(value)
        else:
            self.referenced.names[value.__qualname__] = value
        return str, ("",)


def _unpicklable(value: Any, session: Session) -> str:
    """The path to the innermost part that can't be pickled, such as ``.steps[0][1].lock``."""
    path = ""
    for _ in range(MAX_PATH):
        for name, part in _parts(value):
            try:
                _Recorder(References(), session).dump(part)
            except Exception:
                path, value = path + name, part
                break
        else:
            break
    return path


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        yield from ((f"[{number}]", part) for number, part in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    else:
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())


@contextmanager
def named_in(module: str, named: Mapping[str, Any]) -> Iterator[None]:
    """Within the block the classes and functions ``named`` say that they are of ``module``."""
    stand_in = ModuleType(module)
    before = [(one, one.__module__, one.__qualname__) for one in named.values()]
    there = sys.modules.get(module)
    sys.modules[module] = stand_in
    try:
        for name, one in named.items():
            one.__module__ = module
            if "." not in name:  # what is within a class is found by way of it
                one.__qualname__ = name
                setattr(stand_in, name, one)
        yield
    finally:
        for one, its_module, its_name in before:
            one.__module__, one.__qualname__ = its_module, its_name
        if there is None:
            del sys.modules[module]
        else:
            sys.modules[module] = there


def dumped(model: Any) -> bytes:
    """As a pickle, which joblib reads too: the caller's Python may have no joblib."""
    return pickle.dumps(model, protocol=5)
