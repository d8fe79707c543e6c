"""The raw bytes of arrays between the opcodes of joblib's files: how many there are."""

from __future__ import annotations

import re
from typing import Any

from modelhost.pickles.source import UnreadableError
from modelhost.pickles.stand_ins import ConstructedObject

WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
DTYPE = "numpy.dtype"
WRAPPERS = ("NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper")
"""Classes of joblib that stand for an array; the last two read other files."""
_KIND = re.compile(r"([?biufcSUVOmMa])(\d*)$")
_UNITS = {"U": 4, "?": 1}
_SIZE, _FLAGS = 5, 7
"""Places in the state of a dtype: its size, or -1; and its flags."""
_HAS_OBJECT, _AS_LIST, _IS_POINTER = 0x01, 0x02, 0x04
MAX_FIELDS = 10_000


def holds_objects(dtype: Any) -> bool:
    """Whether an array of ``dtype`` is a pickle of its own, as joblib decides."""
    kind, _ = _kind(dtype)
    state = dtype.state
    flagged = (
        isinstance(state, tuple)
        and len(state) > _FLAGS
        and isinstance(state[_FLAGS], int)
        and bool(state[_FLAGS] & _HAS_OBJECT)
    )
    inside = kind == "O" or _holds_object(dtype.state)
    if inside and kind != "O" and not flagged:
        raise UnreadableError("has an array of objects that is declared as one of numbers")
    return inside or flagged


def wrong_type(target: ConstructedObject, state: Any) -> str:
    """The fault of the state of a dtype whose flags contradict it; empty if there is none.

    NumPy takes the bytes of an array for pointers to objects, or the reverse, as the flags say.
    """
    if target.kind != DTYPE or not isinstance(state, tuple) or len(state) <= _FLAGS:
        return ""
    flags = state[_FLAGS]
    objects = _kind(target)[0] == "O" or _holds_object(state)
    expected = _HAS_OBJECT | _AS_LIST if objects else 0
    checked = expected or _HAS_OBJECT | _AS_LIST | _IS_POINTER
    if isinstance(flags, int) and flags & checked == expected:
        return ""
    return f"gives a type of NumPy flags that contradict it: {str(flags)[:40]}"


def byte_count(dtype: Any, shape: Any) -> int:
    """Bytes of an array of ``dtype`` and ``shape``, which are as in the wrapper's state."""
    count = 1
    if not isinstance(shape, tuple):
        raise UnreadableError("has an array whose shape is no tuple")
    for side in shape:
        side = _integer(side)
        if side is None or side < 0:
            raise UnreadableError("has an array of impossible shape")
        count *= side
    if count >= 1 << 62:
        raise UnreadableError("has an array of impossible shape")
    return count * _item_bytes(dtype)


def padding_follows(state: Any) -> bool:
    """Whether a byte with the length of the padding comes before the array."""
    return state.get("numpy_array_alignment_bytes") is not None


def _integer(value: Any) -> int | None:
    """An ``int``, also one that is written as a scalar of NumPy."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, ConstructedObject) and value.kind.endswith("multiarray.scalar"):
        raw = value.args[1] if len(value.args) == 2 else None
        return int.from_bytes(raw, "little", signed=True) if isinstance(raw, bytes) else None
    return None


def _kind(dtype: Any) -> tuple[str, str]:
    """The letter of a dtype and its digits; raises ``UnreadableError`` for an unknown one."""
    known = isinstance(dtype, ConstructedObject) and dtype.kind == DTYPE and dtype.args
    kind_text = dtype.args[0] if known else None
    match = _KIND.match(kind_text) if isinstance(kind_text, str) else None
    if match is None:
        raise UnreadableError(f"has an array of an unknown dtype: {str(kind_text)[:40]!r}")
    return match.group(1), match.group(2)


def _item_bytes(dtype: Any) -> int:
    letter, digits = _kind(dtype)
    if letter == "?":
        return 1
    if not digits:
        raise UnreadableError(f"has an array of an unknown dtype: {letter!r}")
    size = int(digits[:12]) * _UNITS.get(letter, 1)
    state = dtype.state
    item_size = state[_SIZE] if isinstance(state, tuple) and len(state) > _SIZE else -1
    if letter in "SUVa" and item_size not in (-1, size):
        raise UnreadableError(f"has an array whose dtype has two sizes: {size} and {item_size!r}")
    return size


def _holds_object(state: Any) -> bool:
    """Whether a field of a dtype with this ``state`` holds objects."""
    waiting, seen = [state], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > MAX_FIELDS:
            raise UnreadableError(f"has a dtype of more than {MAX_FIELDS:,} parts")
        if isinstance(one, ConstructedObject) and one.kind == DTYPE:
            if one.args and isinstance(one.args[0], str) and one.args[0].startswith("O"):
                return True
            waiting.append(one.state)
        elif isinstance(one, (tuple, list)):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
    return False
