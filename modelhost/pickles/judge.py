"""The verdict on the globals of a pickle: allowed, or refused for a reason."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, NamedTuple

from modelhost.pickles import allowed
from modelhost.pickles.arrays import WRAPPER, WRAPPERS
from modelhost.pickles.calls import MAKERS, RANDOM
from modelhost.pickles.definitions import CLASS, COMPILED, FUNCTION, Definition, Definitions
from modelhost.pickles.modules import OWN, STANDARD, Modules, NoModules, is_standard
from modelhost.pickles.reader import TORCH_BYTES
from modelhost.pickles.stand_ins import (
    CALLED,
    GIVEN,
    HIDDEN,
    LATER,
    MADE,
    OPAQUE,
    SAFE,
    GlobalName,
)
from modelhost.pickles.states import EXECUTING, EXECUTING_NAMES

_CLASS_NAME = re.compile(r"_*[a-z]?[A-Z]\w*")
"""Names of compiled classes, whose source isn't there; statsmodels begins some with a letter."""
_MEMBER_NAME = re.compile(r"(_*[A-Z]\w*\.)+[A-Z][A-Z0-9_]*")
_ANY_CALL = {CALLED, MADE, LATER}
_DUNDER = re.compile(r"__\w+__")
FOLLOWED = frozenset([*MAKERS, *RANDOM, TORCH_BYTES, WRAPPER, "numpy.dtype", "_codecs.encode"])
"""Names that the reader follows, so that another name would mislead it."""
HIDES = "has no __setstate__, and gets its attributes from an object, which hides their names"
TORCH_SCRIPT = "__torch__"
"""The module of types that a TorchScript archive defines itself; Python can't import it."""


class Judgement(NamedTuple):
    """The audit's verdict on one global."""

    allowed: bool
    why: str
    """Of a refused one, what is wrong with it."""
    unknown: bool = False
    """Refused only because neither the code nor the distributions are at hand."""


def _refused(why: str) -> Judgement:
    return Judgement(False, why)


def _renamed(one: GlobalName, module: str, name: str) -> GlobalName:
    """The same use of what another module defines under another name."""
    other = GlobalName(module, name, one.offset)
    other.uses = one.uses
    return other


class Judge:
    """Judges globals by the shipped lists, the locked distributions and the project's code."""

    def __init__(self, modules: Modules, names: Iterable[str] = ()) -> None:
        """``names``: further globals that the user allows, as ``module.name``."""
        self._modules = modules
        self._definitions = Definitions(modules)
        self._names = frozenset(names)

    def of(self, one: GlobalName, *, script: bool = False) -> Judgement:
        """Whether a pickle may name and use it; ``script``: in a TorchScript archive."""
        full, last = one.full, one.name.rpartition(".")[2]
        if full in self._names:
            return Judgement(True, "allowed by name")
        if allowed.EXCEPTIONS.fullmatch(full):
            return _refused(HIDES) if HIDDEN in one.uses else Judgement(True, "known")
        if full in allowed.CALLS or full == WRAPPER:
            return Judgement(True, "known")
        if full in allowed.OBJECTS and MADE in one.uses and not one.uses & {CALLED, LATER, GIVEN}:
            return Judgement(True, "known")
        if full in allowed.LOOK_UPS and SAFE in one.uses and not one.uses & _ANY_CALL:
            return Judgement(True, "known")
        if full in allowed.VALUES:
            if one.uses & {CALLED, MADE}:
                return _refused("is a function, which data doesn't call")
            return Judgement(True, "known")
        if script and one.module.partition(".")[0] == TORCH_SCRIPT:
            return Judgement(True, "TorchScript's own")
        if last in WRAPPERS:
            return _refused("is joblib's stand-in for an array in another file")
        return self._of_module(one)

    def _of_module(self, one: GlobalName) -> Judgement:
        top = one.module.partition(".")[0]
        qualified = allowed.UNQUALIFIED.get(one.module)
        if qualified and self._modules.find(one.module) is None:
            return self.of(_renamed(one, qualified, one.name))
        if one.module == "__main__":
            return _refused("is of the script that made the file (module __main__)")
        if any(map(_DUNDER.fullmatch, f"{one.module}.{one.name}".split("."))):
            return _refused("is internal to Python, not a part of data")
        if one.full in allowed.BY_NAME:
            return _refused("calls or reads what a text in the file names, on what it is given")
        if is_standard(top):
            return _refused(f"is of {STANDARD}, and none that data needs")
        if not one.module or _is_refused(one.module):
            return _refused("is of a module that runs programs, opens files or loads code")
        if OPAQUE in one.uses and self._executes(one):
            return _refused("runs a text of its state, and the state isn't a dict of known keys")
        if isinstance(self._modules, NoModules):
            return self._by_name(one)
        file = self._modules.find(one.module)
        if file is None:
            return _refused("is neither of a locked distribution nor of the project's code")
        if file.origin == OWN:
            return self._own(one)
        return self._installed(one)

    def _executes(self, one: GlobalName) -> bool:
        """Whether objects of the class run a text of their state when they are restored."""
        if isinstance(self._modules, NoModules):
            return one.module.startswith(("scipy.stats.", "statsmodels."))
        return self._definitions.derives(
            self._definitions.find(one.module, one.name), EXECUTING, EXECUTING_NAMES
        )

    def _hides(self, one: GlobalName, definition: Definition) -> bool:
        """Whether attributes of an object of the class are set by names that aren't known."""
        return (
            HIDDEN in one.uses
            and definition.kind == CLASS
            and not self._definitions.restores(definition)
        )

    def _own(self, one: GlobalName) -> Judgement:
        """Of the project: what it defines itself, not what it imports."""
        definition = self._definitions.find(one.module, one.name.partition(".")[0])
        if definition.file is None or definition.file.origin != OWN:
            return self._elsewhere(one, definition)
        if definition.kind not in (CLASS, FUNCTION, COMPILED):
            return _refused("is no class or function of the project's code")
        if self._hides(one, definition):
            return _refused(HIDES)
        if self._is_named_only(one) and self._definitions.is_member(one.module, one.name):
            return Judgement(True, "own code")
        for outer, inner in _steps(one.name):
            holder = (
                definition
                if "." not in outer
                else definition._replace(name=outer.rpartition(".")[2])
            )
            owner = self._definitions.owner(holder, rf"(def|class) {re.escape(inner)}\b")
            if owner is None or owner.file is None or owner.file.origin != OWN:
                return _refused("isn't defined by the project's code, but by what that builds on")
        return Judgement(True, "own code")

    def _elsewhere(self, one: GlobalName, definition: Definition) -> Judgement:
        """The verdict on a global that the project imports, by the name where it is defined."""
        if definition.file is None or definition.file.origin == STANDARD or "." in one.name:
            return _refused("is imported by the project's code, which doesn't define it")
        return self.of(_renamed(one, definition.module, definition.name))

    def _installed(self, one: GlobalName) -> Judgement:
        definition = self._definitions.find(one.module, one.name)
        if "." in one.name:
            return self._attribute(one)
        if definition.file is not None and definition.file.origin == STANDARD:
            return _refused(f"is {definition.full} under another name")
        if definition.full != one.full:
            if definition.full in FOLLOWED:
                return _refused(f"is {definition.full} under another name")
            if definition.full in allowed.CALLS:
                return Judgement(True, "known")
            if _is_refused(definition.module):
                return _refused("is of a module that runs programs, opens files or loads code")
        if definition.kind == CLASS:
            if self._hides(one, definition):
                return _refused(HIDES)
            if one.uses & {CALLED, LATER} and not self._definitions.called_by_pickle(definition):
                return _refused("is a class that no pickle of its objects calls")
            if GIVEN in one.uses and not self._definitions.called_by_pickle(
                definition, values=True
            ):
                return _refused("is a class that no pickle of its objects gives arguments")
            return Judgement(True, "class of a locked distribution")
        if definition.kind == COMPILED:
            return _of_compiled(definition, one)
        if definition.kind == FUNCTION and _only_computes(definition.module, one):
            does = self._definitions.side_effect(definition)
            if does:
                return _refused(f"is a function that does more than compute: it {does}")
            return Judgement(True, "function of a locked distribution")
        if definition.kind == FUNCTION:
            return _refused(_of_function(one))
        return _refused("is no class of that module")

    def _attribute(self, one: GlobalName) -> Judgement:
        """A class within a class; methods and whatever a module imports are refused."""
        outer, _, inner = one.name.rpartition(".")
        definition = self._definitions.find(one.module, outer)
        text = definition.file.text if definition.file is not None else None
        nested = text and re.search(rf"^[ \t]+class {re.escape(inner)}\b", text, re.MULTILINE)
        if (
            definition.kind == CLASS
            and nested
            and definition.module == one.module
            and "." not in outer
        ):
            return Judgement(True, "class of a locked distribution")
        computes = f"{definition.module}.".startswith(allowed.METHODS) and not one.uses & {
            CALLED,
            MADE,
        }
        owner = self._definitions.method(definition, inner, allowed.METHODS) if computes else None
        if owner is not None:
            does = self._definitions.side_effect(owner, inner)
            if does:
                return _refused(f"is a method that does more than compute: it {does}")
            return Judgement(True, "method of a locked distribution")
        if self._is_named_only(one) and self._definitions.is_member(one.module, one.name):
            return Judgement(True, "member of an enumeration")
        if definition.kind == CLASS:
            return _refused(
                "is a method or attribute of a class, which isn't known to only compute"
            )
        return _refused("is an attribute of something else")

    @staticmethod
    def _is_named_only(one: GlobalName) -> bool:
        return not one.uses & {*_ANY_CALL, GIVEN}

    def _by_name(self, one: GlobalName) -> Judgement:
        """Without the distributions at hand: a function that is called is refused."""
        looks = _CLASS_NAME.fullmatch(one.name) or one.name.startswith("__pyx_unpickle_")
        if CALLED in one.uses and not looks:
            return _refused("is a function, which data doesn't call")
        path = f"{one.module}."
        called = one.uses & {CALLED, LATER}
        if looks and path.startswith(allowed.COMPILED if called else allowed.KNOWN):
            return Judgement(True, "class of a known library, by its name")
        if _only_computes(one.module, one):
            return Judgement(True, "function of a known library, by its name")
        if _MEMBER_NAME.fullmatch(one.name) and path.startswith(allowed.KNOWN) and not called:
            return Judgement(True, "member of an enumeration of a known library, by its name")
        return Judgement(False, "is unknown here", unknown=True)


def _steps(name: str) -> Iterator[tuple[str, str]]:
    """Of ``A.B.c``: (``A``, ``B``) and (``A.B``, ``c``)."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        yield ".".join(parts[:count]), parts[count]


def _is_refused(module: str) -> bool:
    parts = set(module.split("."))
    return bool(parts & allowed.REFUSED_PARTS) or f"{module}.".startswith(allowed.REFUSED)


def _only_computes(module: str, one: GlobalName) -> bool:
    """Whether ``one`` may be a function of ``module``: named, or kept to be called later."""
    if one.uses & {CALLED, MADE}:
        return False
    return f"{module}.".startswith(allowed.KEPT if LATER in one.uses else allowed.FUNCTIONS)


def _of_compiled(definition: Definition, one: GlobalName) -> Judgement:
    """Of a compiled module only what is named as a class, in libraries that hold values."""
    known = f"{definition.module}.".startswith(allowed.COMPILED)
    if known and (_CLASS_NAME.fullmatch(one.name) or one.name.startswith("__pyx_unpickle_")):
        return Judgement(True, "compiled class of a locked distribution")
    if known and _only_computes(definition.module, one):
        return Judgement(True, "function of a locked distribution")
    return _refused("is of a compiled module, whose classes are not known to hold values only")


def _of_function(one: GlobalName) -> str:
    if CALLED in one.uses:
        return "is a function of a library, which data doesn't call"
    return "is a function of a library that isn't known to only compute"
