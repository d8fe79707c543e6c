"""Convert JSON values of array, list and bytes columns, without loss or not at all."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.data.rows.conversion_error import ConversionError
from packager.manifest.base import MAX_EXACT_INTEGER


def array_converter(
    shape: Sequence[int], element: str, *, finite: bool = True
) -> Callable[[Any], npt.NDArray[Any]]:
    """A function from nested lists, or an array, to an array of this shape and dtype.

    It raises ``ConversionError``, which names the index of the first wrong element. Integers must
    be held exactly. ``finite``: whether NaN and infinities are refused in arrays of floats.
    """
    wanted, dtype = tuple(shape), np.dtype(element)
    expected = f"{'x'.join(map(str, wanted))} {dtype} values as nested lists"

    def take(value: Any) -> npt.NDArray[Any]:
        if isinstance(value, np.ndarray):
            return _fitting(value, wanted, dtype, expected)
        flat = _flattened(value, wanted, expected)
        bad, array = _elements(flat, dtype, finite=finite)
        if bad is not None:
            index = "".join(f"[{place}]" for place in np.unravel_index(bad, wanted))
            raise ConversionError(f"{expected}, with {_wanted(dtype)} at {index}")
        return array.reshape(wanted)

    return take


def list_converter(take_element: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """A function from a JSON list to a list of converted elements, null as None."""

    def take(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ConversionError("a list")
        taken = []
        for place, one in enumerate(value):
            try:
                taken.append(None if one is None else take_element(one))
            except ConversionError as error:
                raise ConversionError(f"a list with {error.expected} at [{place}]") from error
        return taken

    return take


def to_bytes(value: Any) -> bytes:
    """Base64 text as bytes; bytes are returned unchanged."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ConversionError("base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConversionError("base64 text with padding and without line breaks") from error


def _flattened(value: Any, shape: Sequence[int], expected: str) -> list[Any]:
    level = [value]
    for depth, extent in enumerate(shape):
        for place, part in enumerate(level):
            if type(part) is not list or len(part) != extent:
                at = np.unravel_index(place, shape[:depth]) if depth else ()
                where = "".join(f"[{i}]" for i in at)
                raise ConversionError(
                    expected if not where else f"{expected}, with {extent} values at {where}"
                )
        level = list(chain.from_iterable(level))
    return level


def _elements(
    flat: list[Any], dtype: np.dtype[Any], *, finite: bool
) -> tuple[int | None, npt.NDArray[Any]]:
    """The elements, or the position of the first that ``dtype`` can't hold."""
    nothing = np.empty(0, dtype)
    allowed = {bool} if dtype.kind == "b" else {int, float}
    kinds = set(map(type, flat))
    if not kinds <= allowed:
        return next(at for at, one in enumerate(flat) if type(one) not in allowed), nothing
    if dtype.kind == "b":
        return None, np.array(flat, dtype)
    wide = np.array([_float(one) for one in flat] if int in kinds else flat, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        cast = wide.astype(dtype)
    if dtype.kind == "f":
        bad = ~np.isfinite(cast) & (finite | np.isfinite(wide))
        if int in kinds:
            unsure = np.flatnonzero(~bad & ((cast != wide) | (np.abs(wide) >= MAX_EXACT_INTEGER)))
            bad[[at for at in unsure if type(flat[at]) is int and int(cast[at]) != flat[at]]] = True
        return _first(bad), cast
    limits = np.iinfo(dtype)
    if dtype.itemsize == 8 and not (np.abs(wide) < MAX_EXACT_INTEGER).all():
        return _large(flat, dtype)
    bad = ~((wide >= limits.min) & (wide <= limits.max)) | (np.trunc(wide) != wide)
    return _first(bad), cast


def _large(flat: list[Any], dtype: np.dtype[Any]) -> tuple[int | None, npt.NDArray[Any]]:
    """Integers of 64 bits, some of which float64 may not hold."""
    limits = np.iinfo(dtype)
    whole: list[int] = []
    for at, one in enumerate(flat):
        if not math.isfinite(one) or one != int(one) or not limits.min <= one <= limits.max:
            return at, np.empty(0, dtype)
        whole.append(int(one))
    return None, np.array(whole, dtype)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _fitting(
    value: npt.NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any], expected: str
) -> npt.NDArray[Any]:
    if value.shape != shape or not np.can_cast(value.dtype, dtype, "safe"):
        raise ConversionError(expected)
    return value.astype(dtype, copy=False)


def _first(bad: npt.NDArray[np.bool_]) -> int | None:
    return int(bad.argmax()) if bad.any() else None


def _wanted(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "b":
        return "true or false"
    return f"a finite number that {dtype} holds"
