"""Canonical values of lists of numbers, ``dfp/1``, for many rows at once, in numpy.

The same as ``canonical.canonical`` gives for each list, whose outline is made by one expression for
many rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.data import canonical
from packager.data.xxh3 import Bits
from packager.manifest.base import MAX_EXACT_INTEGER

_ELEMENT = 19
"""Bytes of an element in an outline: a quoted value in hex, and what separates it from the next."""
_CHUNK_ELEMENTS = 1 << 13
_HEX = np.array([b"%02x" % byte for byte in range(256)], "S2").view(np.uint16)
_QUOTE, _COMMA, _END = b'",]'


def number_lists(values: Sequence[Any]) -> Bits | None:
    """The canonical values of ``values`` if all are lists of numbers, else None.

    A list is a list, a tuple or an array of one dimension; a number is a float, or an integer that
    float64 holds. Booleans, nulls and nested lists are left to ``canonical.canonical``.
    """
    out = np.empty(len(values), np.uint64)
    start = 0
    while start < len(values):
        stop, elements = start, 0
        while stop < len(values) and (stop == start or elements < _CHUNK_ELEMENTS):
            if not isinstance(values[stop], list | tuple | np.ndarray):
                return None
            elements += len(values[stop]) if np.ndim(values[stop]) == 1 else 0
            stop += 1
        numbers = _numbers(values[start:stop])
        if numbers is None:
            return None
        _write(numbers, [len(value) for value in values[start:stop]], out[start:stop])
        start = stop
    return out


def _numbers(lists: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """The elements of all lists; None if one is no number, or none that float64 holds."""
    arrays = [one for one in lists if isinstance(one, np.ndarray)]
    if any(array.ndim != 1 or array.dtype.kind not in "iuf" for array in arrays):
        return None
    if arrays and len(arrays) == len(lists):
        return _exact(np.concatenate(arrays)) if len({a.dtype for a in arrays}) == 1 else None
    plain = [*chain.from_iterable(one.tolist() if isinstance(one, np.ndarray) else one
                                  for one in lists)]  # fmt: skip
    if not _are_numbers(plain):
        return None
    return np.array(plain, np.float64)


def _are_numbers(plain: Iterable[Any]) -> bool:
    whole = [value for value in plain if type(value) is not float]
    limit = MAX_EXACT_INTEGER
    return all(type(value) is int and -limit <= value <= limit for value in whole)


def _exact(numbers: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    if numbers.dtype.itemsize > np.dtype(np.float64).itemsize:
        return None
    whole, limit = numbers.dtype.kind in "iu" and numbers.size > 0, MAX_EXACT_INTEGER
    if whole and (int(numbers.max()) > limit or int(numbers.min()) < -limit):
        return None
    return numbers.astype(np.float64)


def _write(numbers: npt.NDArray[np.float64], lengths: Sequence[int], out: Bits) -> None:
    """Put the values of lists with ``lengths`` elements of ``numbers``, in a row, into ``out``."""
    from xxhash import xxh3_64_intdigest

    mark = canonical.tag("json")
    with np.errstate(invalid="ignore"):
        bits = (numbers + 0.0).view(np.uint64)
    bits[np.isnan(numbers)] = np.uint64(canonical.tag("null"))
    ends = np.cumsum(lengths)
    text = np.empty((len(bits), _ELEMENT), np.uint8)
    text[:, 0] = text[:, -2] = _QUOTE
    text[:, -1] = _COMMA
    pairs = _HEX[bits.byteswap().view(np.uint8).reshape(-1, 8)]
    text[:, 1:-2] = pairs.view(np.uint8).reshape(-1, 16)
    text[ends[np.array(lengths) > 0] - 1, -1] = _END
    content, at = text.tobytes(), 0
    for row, end in enumerate((ends * _ELEMENT).tolist()):
        outline = b"[" + content[at:end] if end > at else b"[]"
        out[row] = xxh3_64_intdigest(outline) ^ mark
        at = end
