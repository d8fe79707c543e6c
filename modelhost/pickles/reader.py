"""Follows the opcodes of a pickle on stand-ins, so that nothing is imported, made or called.

It is the standard library's own unpickler in Python (``pickle._Unpickler``), with every opcode that
would import, call or change an object replaced. What two unpicklers would read differently is
refused: opcodes that cross the end of a frame, and arrays within one.
"""

from __future__ import annotations

import _compat_pickle
import pickle
import struct
from typing import Any

from modelhost.pickles.arrays import (
    WRAPPER,
    byte_count,
    holds_objects,
    padding_follows,
    wrong_type,
)
from modelhost.pickles.calls import (
    CONSTANTS,
    instantiates,
    makes_a_block,
    note_arguments,
    note_state,
)
from modelhost.pickles.opcodes import BASE, OWN, Handler
from modelhost.pickles.plain_values import plain_values
from modelhost.pickles.source import PickleStream, UnreadableError
from modelhost.pickles.stand_ins import (
    CALLED,
    GIVEN,
    HIDDEN,
    MADE,
    OPAQUE,
    SAFE,
    ConstructedObject,
    GlobalName,
    SkippedText,
    is_hidden,
)
from modelhost.pickles.states import executed_text, hides_attributes, is_followed

MIN_OPCODES, MAX_OPCODES = 5_000_000, 20
"""So many opcodes are followed in any file, and for each of its bytes on disk."""
MAX_NESTED = 16 << 20
"""Bytes of a pickle within a value of another one."""
LATIN = ("latin1", "latin-1", "iso-8859-1", "iso8859-1", "l1")
NAMING = ("__doc__", "__module__", "__name__", "__qualname__")
"""Attributes that only describe an object."""
VALUE_OF_MEMBER = ("_value_", "_name_")
"""Attributes that no pickle sets: of a member of an enumeration, which all code shares."""
TORCH_BYTES = "torch.storage._load_from_bytes"
_BROKEN = (
    *(pickle.UnpicklingError, EOFError, LookupError, ValueError, TypeError, AttributeError),
    *(struct.error, ArithmeticError, AssertionError, MemoryError, ImportError),
)


class PickleContents:
    """The names and calls in the pickles of a file."""

    def __init__(self, size: int = 0) -> None:
        """``size``: bytes on disk, which limit the opcodes that are followed."""
        self.limit = MIN_OPCODES + MAX_OPCODES * size
        self.globals: dict[tuple[str, str], GlobalName] = {}
        self.acts: list[tuple[int, str]] = []
        """(offset, what it does) of what no pickle of data or models does."""
        self.nested: list[tuple[int, bytes, bool]] = []
        """(offset, content, whether it is PyTorch's) of pickles within values."""
        self.opcodes = 0

    def name(self, module: str, name: str, offset: int) -> GlobalName:
        """The global, noted as named."""
        key = module, name
        if key not in self.globals:
            self.globals[key] = GlobalName(module, name, offset)
        return self.globals[key]


class PickleReader(BASE):  # type: ignore[misc]
    """Reads one pickle."""

    dispatch: dict[int, Handler] = {**BASE.dispatch, **OWN}

    def __init__(
        self,
        source: PickleStream,
        seen: PickleContents,
        *,
        arrays: bool = False,
        storages: bool = False,
    ) -> None:
        """``arrays``: read as joblib does, with raw arrays between the opcodes.

        ``storages``: of PyTorch, whose tensors refer to blocks beside the pickle.
        """
        super().__init__(_NoFile(), encoding="latin1")
        self.source = source
        self._seen = seen
        self._arrays = arrays
        self._storages = storages
        self.frame_end = 0
        self.start = 0
        self.wrapped = False
        """Whether it has the wrapper of an array that joblib would read here."""

    def load(self) -> Any:
        """Follow it to its end; raises ``UnreadableError``."""
        source, seen, dispatch = self.source, self._seen, self.dispatch
        self.read, self.readline = source.read, source.readline
        self.metastack: list[Any] = []
        self.stack: list[Any] = []
        self.append = self.stack.append
        self.proto = 0
        try:
            while True:
                seen.opcodes += 1 + plain_values(source, self.stack, self.memo, self.frame_end)
                self.start = source.offset
                key = source.read(1)[0]
                if seen.opcodes > seen.limit:
                    raise UnreadableError(f"has more than {seen.limit:,} opcodes")
                dispatch[key](self)
                if self.start < self.frame_end < source.offset:
                    raise UnreadableError(f"crosses the end of a frame at byte {self.start:,}")
        except pickle._Stop as stop:  # type: ignore[attr-defined]
            if source.offset < self.frame_end:
                raise UnreadableError(f"ends within a frame at byte {self.start:,}") from None
            return stop.value
        except _BROKEN as error:
            raise UnreadableError(
                f"is damaged at byte {self.start:,}: {type(error).__name__}"
            ) from error

    def find_class(self, module: str, name: str) -> GlobalName:
        """The global as Python would import it, with the names of Python 2 translated."""
        if self.proto < 3:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[module, name]
            elif module in _compat_pickle.IMPORT_MAPPING:
                module = _compat_pickle.IMPORT_MAPPING[module]
        return self._seen.name(module, name, self.start)

    def get_extension(self, code: int) -> None:
        """An entry of ``copyreg``'s registry, which the file doesn't name."""
        self.act(f"asks for the object that copyreg has under number {code}")
        self.append(ConstructedObject(None))

    def persistent_load(self, pid: Any) -> ConstructedObject:
        """A storage of PyTorch; anything else only the program that reads the file knows."""
        if not (self._storages and isinstance(pid, tuple) and pid and pid[0] == "storage"):
            self.act("asks the program that reads it for an object (a persistent id)")
        return ConstructedObject(None)

    def act(self, what: str) -> None:
        """Note what no pickle of data or models does."""
        self._seen.acts.append((self.start, what))

    def call(self, called: Any, args: Any) -> Any:
        """The stand-in for the result of calling ``called``."""
        if not isinstance(args, tuple):
            raise UnreadableError(f"is damaged at byte {self.start:,}: a call without arguments")
        if makes_a_block(called):
            return ConstructedObject(called.args[0], args)
        if not isinstance(called, GlobalName):
            kind = (
                f" ({called.kind})" if isinstance(called, ConstructedObject) and called.kind else ""
            )
            self.act(f"calls an object that it has made{kind}")
            return ConstructedObject(None)
        full = called.full
        first = args[0] if args else None
        if full == "builtins.getattr" and len(args) == 2 and isinstance(args[1], str):
            owner = first.of if isinstance(first, ConstructedObject) else first
            if isinstance(owner, GlobalName):
                called.uses.add(SAFE)
                return self._seen.name(owner.module, f"{owner.name}.{args[1]}", self.start)
        known = first is None or (isinstance(first, GlobalName) and first.full in CONSTANTS)
        if full == "builtins.type" and len(args) == 1 and known:
            called.uses.add(SAFE)
            return ConstructedObject(None)
        if full == TORCH_BYTES and len(args) == 1 and isinstance(first, bytes):
            called.uses.add(SAFE)
            self._seen.nested.append((self.start, first, True))
            return ConstructedObject(called, args)
        called.uses.add(CALLED)
        if full == TORCH_BYTES:
            self.act(f"calls {full}, which loads bytes that can't be read here")
        if full == "_codecs.encode":
            return self._encoded(args)
        wrong = note_arguments(full, args)
        if wrong:
            self.act(wrong)
        if instantiates(full) and isinstance(first, GlobalName):
            return ConstructedObject(first, args[1:])
        return ConstructedObject(called, args)

    def _encoded(self, args: Any) -> Any:
        """Bytes as protocols below 3 write them."""
        coding = args[1] if len(args) == 2 else None
        if not isinstance(coding, str) or coding.lower() not in LATIN:
            self.act(f"calls _codecs.encode with the coding {str(coding)[:40]!r}")
            return ConstructedObject(None)
        return self._bytes(args[0].encode("latin1")) if isinstance(args[0], str) else SkippedText()

    def _bytes(self, content: bytes) -> bytes:
        """``content``, noted if it is a pickle itself."""
        if content[:1] == b"\x80" and content[1:2] <= b"\x05" and content[-1:] == b".":
            self._seen.nested.append((self.start, content, False))
        return content

    def block(self, count: int) -> Any:
        """``count`` bytes as a value."""
        if count <= MAX_NESTED:
            return self._bytes(self.read(count))
        head = self.read(2)
        if head[:1] == b"\x80" and head[1:] <= b"\x05":
            raise UnreadableError(f"has a pickle of {count:,} bytes within a value")
        self.source.skip(count - 2)
        return SkippedText()

    def _instantiate(self, klass: Any, args: list[Any]) -> None:
        """INST and OBJ: a call, or ``__new__`` of a class without arguments."""
        if not args and isinstance(klass, GlobalName):
            klass.uses.add(MADE)
            self.append(ConstructedObject(klass))
        else:
            self.append(self.call(klass, tuple(args)))

    def new(self, kind: Any, args: Any) -> None:
        """``kind.__new__(kind, …)``."""
        if not isinstance(kind, GlobalName):
            self.act("makes an object of a class that it has made")
            self.append(ConstructedObject(None))
            return
        kind.uses.add(MADE)
        if args:
            kind.uses.add(GIVEN)
        self.append(ConstructedObject(kind, args))

    def build(self, target: Any, state: Any) -> None:
        """``target.__setstate__(state)``, or its attributes."""
        if not isinstance(target, ConstructedObject):
            named = f" {target.full}" if isinstance(target, GlobalName) else ""
            self.act(f"changes{named or ' an object'} itself, not an object that it has made")
            return
        kind = target.kind or "its own"
        for part in state if isinstance(state, tuple) and len(state) == 2 else (state,):
            if isinstance(part, dict):
                for key in part:
                    if key in VALUE_OF_MEMBER or (
                        key.startswith("__") and key.endswith("__") and key not in NAMING
                    ):
                        self.act(f"sets {key} of an object of {kind}")
            elif target.of is not None and is_hidden(part, target):
                target.of.uses.add(HIDDEN)
        wrong = note_state(target, state) or wrong_type(target, state) or executed_text(state)
        if wrong or hides_attributes(state):
            self.act(wrong or f"hides the attributes that it sets of an object of {kind}")
        if target.of is not None and not is_followed(state):
            target.of.uses.add(OPAQUE)
        if isinstance(target.state, dict) and isinstance(state, dict):
            state = {**target.state, **state}
        target.state = state
        if target.kind == WRAPPER:
            self.wrapped = True
            if self._arrays:
                self.stack[-1] = self._array(state)

    def _array(self, state: Any) -> ConstructedObject:
        """Pass over the array that a wrapper of joblib stands for."""
        if not isinstance(state, dict) or not {"dtype", "shape"} <= state.keys():
            raise UnreadableError(f"has an array without a shape at byte {self.start:,}")
        source = self.source
        if source.offset < self.frame_end:
            raise UnreadableError(f"has an array within a frame at byte {self.start:,}")
        self.frame_end = 0  # it was left, and what follows is outside of it
        if isinstance(state.get("subclass"), GlobalName):
            state["subclass"].uses.add(MADE)
        if holds_objects(state["dtype"]):
            PickleReader(source, self._seen).load()
            return ConstructedObject(None)
        if padding_follows(state):
            source.skip(source.read(1)[0])
        source.skip(byte_count(state["dtype"], state["shape"]))
        return ConstructedObject(None)


class _NoFile:
    """The file methods that ``pickle._Unpickler`` needs; ``PickleStream`` reads the file."""

    def read(self, count: int) -> bytes:
        """Never called: ``PickleReader.load`` replaces it."""
        raise EOFError(count)

    def readline(self) -> bytes:
        """Never called: ``PickleReader.load`` replaces it."""
        raise EOFError
