"""Counts the values of a ``ModelInferRequest`` in its bytes, before objects are made of them.

An empty message of two bytes takes a hundred in memory. Every field counts one, and an element of a
packed list one; raw contents count one each, as their elements are counted by their shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving.http.messages import RequestError

VARINTS = 0
"""A packed list of integers, of one byte or more each."""
_CONTENTS: Mapping[int, Any] = {**dict.fromkeys(range(1, 6), VARINTS), 6: 4, 7: 8}
_INPUT: Mapping[int, Any] = {3: VARINTS, 4: {}, 5: _CONTENTS}
_OUTPUT: Mapping[int, Any] = {2: {}}
_REQUEST: Mapping[int, Any] = {4: {}, 5: _INPUT, 6: _OUTPUT}
"""Field number → what it holds: fields of a message, or the bytes of a packed number."""
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_MAX_VARINT = 10


def values_of(body: bytes, most: int) -> int:
    """The number of values; counting stops beyond ``most``.

    Raises ``RequestError`` (400) for bytes that are no message.
    """
    return _count(body, 0, len(body), _REQUEST, most)


def unreadable(why: str) -> RequestError:
    """400; ``why`` says what is wrong with the bytes."""
    return RequestError(400, "unreadable_message", f"the body is no ModelInferRequest: {why}")


def _count(body: bytes, at: int, end: int, fields: Mapping[int, Any], most: int) -> int:
    count = 0
    while at < end and count <= most:
        count += 1
        key, at = _varint(body, at, end)
        wire = key & 7
        if wire == _VARINT:
            _, at = _varint(body, at, end)
        elif wire in (_EIGHT, _FOUR):
            at += 8 if wire == _EIGHT else 4
        elif wire == _BYTES:
            size, at = _varint(body, at, end)
            stop = at + size
            if stop > end:
                raise unreadable("it is cut off")
            count += _held(body, at, stop, fields.get(key >> 3), most)
            at = stop
        else:
            raise unreadable(f"wire type {wire}")
    if at > end:
        raise unreadable("it is cut off")
    return count


def _held(body: bytes, at: int, end: int, kind: Any, most: int) -> int:
    if kind is None:
        return 0
    if kind == VARINTS and not isinstance(kind, Mapping):
        return int(np.count_nonzero(np.frombuffer(body, np.uint8, end - at, at) < 0x80))
    return (end - at) // kind if isinstance(kind, int) else _count(body, at, end, kind, most)


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """The integer at ``at``, and where it ends."""
    value = 0
    for index in range(_MAX_VARINT):
        if at >= end:
            raise unreadable("it is cut off")
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at
    raise unreadable("an integer of more than ten bytes")
