"""The opcodes that :class:`modelhost.pickles.reader.Reader` follows in its own way.

Lists and sets keep nothing and dicts only what has a text as its key: no more is looked at, and a
key that is a tuple of tuples could take for ever to hash.
"""

from __future__ import annotations

import pickle
from typing import Any, Callable

from modelhost.pickles.source import UnreadableError
from modelhost.pickles.stand_ins import ConstructedObject, GlobalName, SkippedText
from modelhost.pickles.states import Fields

MAX_DIGITS = 4_300
"""Of a number that is written in decimal digits, as Python itself limits it."""
BASE: Any = pickle._Unpickler
"""The unpickler in Python, whose table of opcodes can be replaced."""
Handler = Callable[[Any], None]
OWN: dict[int, Handler] = {}
"""Opcode → what follows it in place of ``BASE``."""


def _opcode(*codes: bytes) -> Callable[[Handler], Handler]:
    def note(handler: Handler) -> Handler:
        for code in codes:
            OWN[code[0]] = handler
        return handler

    return note


@_opcode(pickle.REDUCE)
def _reduce(reader: Any) -> None:
    args = reader.stack.pop()
    reader.stack[-1] = reader.call(reader.stack[-1], args)


@_opcode(pickle.NEWOBJ)
def _newobj(reader: Any) -> None:
    args, kind = reader.stack.pop(), reader.stack.pop()
    reader.new(kind, args)


@_opcode(pickle.NEWOBJ_EX)
def _newobj_ex(reader: Any) -> None:
    named, args = reader.stack.pop(), reader.stack.pop()
    reader.new(reader.stack.pop(), args or named)


@_opcode(pickle.BUILD)
def _build(reader: Any) -> None:
    state = reader.stack.pop()
    reader.build(reader.stack[-1], state)


@_opcode(pickle.FRAME)
def _frame(reader: Any) -> None:
    size = int.from_bytes(reader.read(8), "little")
    if reader.source.offset < reader.frame_end:
        raise UnreadableError(f"has a frame within a frame at byte {reader.start:,}")
    reader.start = reader.source.offset
    reader.frame_end = reader.start + size


@_opcode(pickle.LIST)
def _list(reader: Any) -> None:
    reader.pop_mark()
    reader.append([])


@_opcode(pickle.EMPTY_DICT)
def _empty_dict(reader: Any) -> None:
    reader.append(Fields())


@_opcode(pickle.DICT)
def _dict(reader: Any) -> None:
    fields = Fields()
    fields.keep(reader.pop_mark())
    reader.append(fields)


@_opcode(pickle.EMPTY_SET)
def _set(reader: Any) -> None:
    reader.append(ConstructedObject(None))


@_opcode(pickle.FROZENSET)
def _frozenset(reader: Any) -> None:
    reader.pop_mark()
    reader.append(ConstructedObject(None))


@_opcode(pickle.APPEND)
def _append(reader: Any) -> None:
    reader.stack.pop()
    _change(reader)


@_opcode(pickle.APPENDS, pickle.ADDITEMS)
def _appends(reader: Any) -> None:
    reader.pop_mark()
    _change(reader)


@_opcode(pickle.SETITEM)
def _setitem(reader: Any) -> None:
    value, key = reader.stack.pop(), reader.stack.pop()
    _change(reader, [key, value])


@_opcode(pickle.SETITEMS)
def _setitems(reader: Any) -> None:
    items = reader.pop_mark()
    _change(reader, items)


def _change(reader: Any, items: Any = ()) -> None:
    """Put items into the list, set or dict on the stack."""
    target = reader.stack[-1]
    if isinstance(target, Fields):
        target.keep(items)
    elif isinstance(target, GlobalName):
        reader.act(f"changes {target.full} itself, not an object that it has made")
    elif not isinstance(target, (list, ConstructedObject)):
        raise UnreadableError(f"is damaged at byte {reader.start:,}: no list, set or dict")


def _block(size: int) -> Handler:
    def handler(reader: Any) -> None:
        reader.append(reader.block(int.from_bytes(reader.read(size), "little")))

    return handler


OWN[pickle.SHORT_BINBYTES[0]] = _block(1)
OWN[pickle.BINBYTES[0]] = _block(4)
OWN[pickle.BINBYTES8[0]] = _block(8)
OWN[pickle.BYTEARRAY8[0]] = _block(8)


@_opcode(pickle.BINUNICODE8)
def _text8(reader: Any) -> None:
    size = int.from_bytes(reader.read(8), "little")
    if size >> 30:
        reader.source.skip(size)
        reader.append(SkippedText())
    else:
        reader.append(str(reader.read(size), "utf-8", "surrogatepass"))


def _digits(own: Handler) -> Handler:
    """``own`` with a limit of what it reads as a decimal number."""

    def handler(reader: Any) -> None:
        line = reader.readline
        reader.readline = lambda: _short(line(), reader)
        try:
            own(reader)
        finally:
            reader.readline = line

    return handler


def _short(line: bytes, reader: Any) -> bytes:
    if len(line) > MAX_DIGITS:
        raise UnreadableError(f"has a number of {len(line):,} digits at byte {reader.start:,}")
    return line


for _code in (pickle.INT, pickle.LONG, pickle.PUT, pickle.GET, pickle.FLOAT):
    OWN[_code[0]] = _digits(BASE.dispatch[_code[0]])
