"""Effects of known functions on globals among their arguments: they call or instantiate them."""

from __future__ import annotations

from typing import Any

from modelhost.pickles.stand_ins import CALLED, GIVEN, LATER, MADE, ConstructedObject, GlobalName

RECONSTRUCTOR = "copyreg._reconstructor"
NEW = "copyreg.__newobj__"
MAKERS = (RECONSTRUCTOR, NEW, "copyreg.__newobj_ex__")
PARTIAL = "functools.partial"
BLOCK = "pandas.core.internals.blocks.new_block"
"""pandas 1.3's constructor of a frame's blocks, as a partial of ``ndim``."""
VECTORIZE = "numpy.vectorize"
FACTORY = "collections.defaultdict"
"""Calls its first argument at a look-up, which reading a pickle may do."""
ARRAYS = frozenset(
    [
        *("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"),
        "numpy.ma.core._mareconstruct",
    ]
)
"""Functions that make an array of the class that is their first argument."""
INDEXES = "pandas.core.indexes."
"""Modules of functions that make an index of the class that is their first argument."""
KEEPERS = (PARTIAL, VECTORIZE)
"""Call their first argument only when they are called themselves, which no pickle may do."""
SHARED = ("logging.getLogger", "pytz._UTC", "pytz._p")
"""Functions that return an object which others have as well: no pickle has a state for it."""
CONSTANTS = ("builtins.NotImplemented", "builtins.Ellipsis")
_BUILTIN_BASES = ("object", "dict", "list", "set", "tuple", "str", "int", "float", "bytes")
BASES = frozenset(["numpy.ndarray", *(f"builtins.{one}" for one in _BUILTIN_BASES)])
"""Bases whose ``__init__`` only takes a value: ``_reconstructor`` calls it."""
_RANDOM = "numpy.random."
RANDOM = frozenset(
    f"{_RANDOM}_pickle.{one}"
    for one in ("__generator_ctor", "__randomstate_ctor", "__bit_generator_ctor")
)
"""Constructors of NumPy's generators, which call an argument that is a class or function."""


def note_arguments(full: str, args: tuple[Any, ...]) -> str:
    """Note what calling ``full`` with ``args`` does with the globals among them.

    Returns what no pickle of data or models does; empty if there is nothing of this kind.
    """
    if full in MAKERS:
        return _made(full, args)
    if full in RANDOM:
        return _random(full, args)
    if instantiates(full) and not (args and isinstance(args[0], GlobalName)):
        return f"calls {full} with a class that it has made"
    for index, one in enumerate(args):
        if isinstance(one, GlobalName):
            one.uses.add(_use_of(full) if index == 0 else MADE)
    if full == FACTORY and args and isinstance(args[0], ConstructedObject):
        return _note_factory(args[0])
    if instantiates(full):
        args[0].uses.add(GIVEN)  # they call its __new__ with the values
    return ""


def instantiates(full: str) -> bool:
    """Whether a function makes an object of the class that is its first argument."""
    return full in MAKERS or full in ARRAYS or (full.startswith(INDEXES) and "._new_" in full)


def note_state(target: ConstructedObject, state: Any) -> str:
    """Note what a partial or vectorized function will call, which its state may replace.

    Returns what no pickle of data or models does, as ``note_arguments``.
    """
    if target.kind in SHARED:
        return f"changes an object of {target.kind}, which the whole process shares"
    if target.kind not in KEEPERS:
        return ""
    replaced = _wrapped_function(target.kind, state)
    if isinstance(replaced, GlobalName):
        replaced.uses.add(CALLED if target.factory else LATER)
    elif target.factory and isinstance(replaced, ConstructedObject):
        return _note_factory(replaced)
    return ""


def _use_of(full: str) -> str:
    """The use that a call of ``full`` makes of a global that is its first argument."""
    if full == FACTORY:
        return CALLED
    return LATER if full in KEEPERS else MADE


def _wrapped_function(kind: str, state: Any) -> Any:
    """The function in the state of an object of ``KEEPERS``; None if it has none."""
    first = state[0] if isinstance(state, tuple) and state else state
    if kind == PARTIAL:
        return None if first is state else first
    return first.get("pyfunc") if isinstance(first, dict) else None


def _note_factory(one: ConstructedObject) -> str:
    """Note that a ``defaultdict`` calls ``one``, and so what that keeps."""
    while not one.factory:
        one.factory = True
        if one.of is None:
            return f"calls {FACTORY} with an object that it has made"
        if one.kind not in KEEPERS:
            one.of.uses.add(CALLED)
            return ""
        for inner in (one.args[0] if one.args else None, _wrapped_function(one.kind, one.state)):
            if isinstance(inner, GlobalName):
                inner.uses.add(CALLED)
            elif isinstance(inner, ConstructedObject):
                one = inner
    return ""


def makes_a_block(constructed: Any) -> bool:
    """Whether it is the partial that pandas 1.3 writes, of ``ndim`` alone.

    Its keyword ``klass`` would be called with the values.
    """
    if (
        not isinstance(constructed, ConstructedObject)
        or constructed.kind != PARTIAL
        or not isinstance(constructed.state, tuple)
    ):
        return False
    first = constructed.args[0] if len(constructed.args) == 1 else None
    if not isinstance(first, GlobalName) or first.full != BLOCK or len(constructed.state) != 4:
        return False
    function, args, named, attributes = constructed.state
    known = function is first and args == () and not attributes
    return known and isinstance(named, dict) and list(named) == ["ndim"]


def _made(full: str, args: tuple[Any, ...]) -> str:
    """Functions of ``copyreg`` that make an object of their first argument."""
    if not args or not isinstance(args[0], GlobalName):
        return f"calls {full} with a class that it has made"
    args[0].uses.add(MADE)
    if full != RECONSTRUCTOR:
        if args[1:] and (full == NEW or any(args[1:])):
            args[0].uses.add(GIVEN)
        return ""
    base = args[1] if len(args) == 3 else None
    if not isinstance(base, GlobalName) or base.full not in BASES:
        named = f" {base.full}" if isinstance(base, GlobalName) else ""
        return f"calls {full} with the base{named}, whose __init__ it would call"
    base.uses.add(MADE)
    return ""


def _random(full: str, args: tuple[Any, ...]) -> str:
    """Generators of NumPy: made of a name, a class or a bit generator of ``numpy.random``."""
    for argument in args:
        if isinstance(argument, GlobalName):
            argument.uses.add(CALLED)
        known = isinstance(argument, GlobalName) and f"{argument.full}.".startswith(_RANDOM)
        known = known or (
            isinstance(argument, ConstructedObject) and argument.kind.startswith(_RANDOM)
        )
        if not known and not isinstance(argument, str):
            named = argument.full if isinstance(argument, GlobalName) else "an object"
            return f"calls {full} with {named}, expected a name or class of numpy.random"
    return ""
