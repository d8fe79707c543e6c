"""A model or a function of the session as a module, whole or not at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from packager.capture.closure import Closure, Refusal, closure
from packager.capture.nested_functions import NamedFunction, named_function
from packager.capture.pickled import dumped, named_in, references
from packager.capture.session import Session
from packager.errors import PackageError

MAX_TOLD = 6
TRAIN = "train"
HINT = "write the code into a module beside the notebook or script, and import it"
ADAPTER = '''

def {name}(features, target, *, params, seed):
    """What ``package build`` calls: ``{called}``."""
    return {called}({arguments})
'''


@dataclass(frozen=True)
class CapturedModel:
    """A model of the session."""

    pickle: bytes
    source: str
    """The module that the pickle names; empty if it needs nothing of the session."""
    modules: frozenset[str]
    """Other modules that the pickle names, dotted."""


def captured_model(model: Any, module: str, session: Session) -> CapturedModel:
    """The pickle of ``model``, and the ``module`` of what it needs of the session.

    Raises ``PackageError`` that names what can't be captured, with its cells.
    """
    referenced = references(model, session)
    stale = [
        Refusal(name, _cell(name, session), _stale(name))
        for name, one in referenced.names.items()
        if _now(name, session) is not one
    ]
    definitions = [
        named_function(one, f"function_{number}", session)
        for number, one in enumerate(referenced.nameless, 1)
    ]
    refused = [*stale, *(one for one in definitions if isinstance(one, Refusal))]
    named = [one for one in definitions if isinstance(one, NamedFunction)]
    tops = {name.partition(".")[0] for name in referenced.names}
    roots = sorted({*tops, *(name for one in named for name in one.needs)})
    own = closure([] if refused else roots, session)
    _check([*refused, *own.refused], sorted(tops) or [type(model).__name__])
    functions = {one.name: value for one, value in zip(named, referenced.nameless, strict=True)}
    whole = {name: session.names[name] for name in tops}
    with named_in(module, {**whole, **referenced.names, **functions}):
        content = dumped(model)
    source = _module(own, named) if roots or named else ""
    return CapturedModel(content, source, frozenset(referenced.modules))


def captured_training(function: Callable[..., Any], session: Session) -> str:
    """A module whose ``train(features, target, *, params, seed)`` calls ``function``.

    It takes features and target; ``params`` and ``seed`` if it has such parameters. It is of the
    session, or of a module. Raises ``PackageError`` that names what can't be captured.
    """
    name = str(getattr(function, "__name__", ""))
    if session.names.get(name) is function and session.defines(function):
        own = closure([name], session)
        _check(own.refused, [name])
        return _adapted(own.source(), name, function)
    module = str(getattr(function, "__module__", ""))
    if session.defines(function) or "<" in getattr(function, "__qualname__", "<"):
        raise PackageError(
            f"expected a function of this session under its own name, got {name or function!r}",
            "define it with `def` at the top of a cell or of the script",
        )
    return _adapted(f"from {module} import {name}\n", name, function)


def _adapted(source: str, name: str, function: Callable[..., Any]) -> str:
    taken = inspect.signature(function).parameters
    keyword = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    keywords = [f"{one}={one}" for one in ("params", "seed") if one in taken or keyword]
    if name == TRAIN and len(keywords) == 2 and not source.startswith("from "):
        return source
    inner = name
    if name == TRAIN:
        inner = "_train_of_the_session"
        source += f"\n\n{inner} = {TRAIN}\n"
    arguments = ", ".join(["features", "target", *keywords])
    return source + ADAPTER.format(name=TRAIN, called=inner, arguments=arguments)


def _module(own: Closure, named: Iterable[NamedFunction]) -> str:
    for one in named:
        own.imports |= {line: line for line in one.imports}
    parts = [own.source().strip(), *(one.text for one in named)]
    return "\n\n\n".join(part for part in parts if part) + "\n"


def _cell(name: str, session: Session) -> str:
    """The newest cell that binds the first part of a qualified name."""
    binding = [
        statement for statement in session.statements if name.partition(".")[0] in statement.binds
    ]
    return binding[-1].cell.shown if binding else ""


def _now(name: str, session: Session) -> Any:
    """The session's object of a qualified name; None without it."""
    top, *inner = name.split(".")
    value = session.names.get(top)
    for one in inner:
        value = getattr(value, one, None)
    return value


def _stale(name: str) -> str:
    if "<locals>" in name:
        return "it is defined within a function: define it at the top of a cell or of the script"
    return (
        f"the model was made with an earlier {name}, which the session has defined again since: "
        "make and fit the model again"
    )


def _check(refused: list[Refusal], roots: list[str]) -> None:
    """Raise ``PackageError`` that lists what can't be captured, if anything."""
    if not refused:
        return
    listed = [str(one) for one in refused[:MAX_TOLD]]
    rest = len(refused) - len(listed)
    listed += [f"and {rest} more"] if rest else []
    message = f"{', '.join(roots)}: expected code that a module can hold, got\n  "
    message += "\n  ".join(listed)
    raise PackageError(message, HINT)
