"""Captures functions, classes and models of the running session."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from packager.capture.cells import namespace_of, session_cells
from packager.capture.closure import MAIN, Closure, closure
from packager.capture.statements import CellStatement, statements
from packager.errors import PackageError

MAX_TOLD = 6
TRAIN = "train"
ADAPTER = '''

def {name}(features, target, *, params, seed):
    """What ``package build`` calls: the session's ``{called}``."""
    return {called}({arguments})
'''


def captured_source(roots: Sequence[str]) -> str:
    """The module with everything that the names ``roots`` of the session need.

    Raises ``PackageError`` that names what can't be captured, with its cells.
    """
    cells, why = session_cells()
    found: list[CellStatement] = statements(cells)
    made = closure(roots, found, namespace_of())
    if made.refused:
        raise PackageError(*_refused(made, roots, why))
    return made.source()


def captured_training(function: Callable[..., Any]) -> str:
    """A module whose ``train(features, target, *, params, seed)`` calls ``function`` of a session.

    The function takes features and target; ``params`` and ``seed`` if it has such parameters.
    """
    name = getattr(function, "__name__", "")
    if namespace_of().get(name) is not function:
        raise PackageError(
            f"expected a function of this session under its own name, got {name or function!r}",
            "define it with `def` at the top of a cell or of the script",
        )
    source = captured_source([name])
    taken = inspect.signature(function).parameters
    keyword = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    given = [f"{one}={one}" for one in ("params", "seed") if one in taken or keyword]
    if name == TRAIN and len(given) == 2:
        return source
    inner = name
    if name == TRAIN:
        inner = "_train_of_the_session"
        source += f"\n\n{inner} = {TRAIN}\n"
    arguments = ", ".join(["features", "target", *given])
    return source + ADAPTER.format(name=TRAIN, called=inner, arguments=arguments)


def session_classes(value: Any) -> list[str]:
    """Names of the classes and functions of the session that ``value`` refers to, sorted.

    Found by a pickle of it, which names them; nothing of the pickle is loaded.
    """
    import io
    import pickle
    import pickletools

    buffer = io.BytesIO()
    pickle.Pickler(buffer, protocol=2).dump(value)
    pairs = (
        str(argument).partition(" ")
        for operation, argument, _ in pickletools.genops(buffer.getvalue())
        if operation.name == "GLOBAL"
    )
    return sorted({name.partition(".")[0] for module, _, name in pairs if module == MAIN})


@contextmanager
def defined_in(module: str, names: Sequence[str], space: Mapping[str, Any]) -> Iterator[None]:
    """Within the block the session's ``names`` say that they are of ``module``, for a pickle."""
    stand_in = ModuleType(module)
    moved = [space[name] for name in names]
    before = sys.modules.get(module)
    sys.modules[module] = stand_in
    try:
        for name, one in zip(names, moved, strict=True):
            setattr(stand_in, name, one)
            one.__module__ = module
        yield
    finally:
        for one in moved:
            one.__module__ = MAIN
        if before is None:
            del sys.modules[module]
        else:
            sys.modules[module] = before


def _refused(made: Closure, roots: Sequence[str], why: str) -> tuple[str, str]:
    listed = [str(one) for one in made.refused[:MAX_TOLD]]
    rest = len(made.refused) - len(listed)
    more = [f"and {rest} more"] if rest else []
    message = f"{', '.join(roots)}: expected code that a module can hold, got\n  " + "\n  ".join(
        [*listed, *more]
    )
    hint = "or write the code into a module beside the notebook, and import it"
    return (f"{message}\n({why})" if why else message), hint
