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
    be held exactly; floats are rounded to the dtype. ``finite``: whether NaN and infinities are
    refused in arrays of floats.
    """
    expected_shape, dtype = tuple(shape), np.dtype(element)
    expected = f"{'x'.join(map(str, expected_shape))} {dtype} values as nested lists"

    def take(value: Any) -> npt.NDArray[Any]:
        if isinstance(value, np.ndarray):
            if value.shape != expected_shape:
                raise ConversionError(expected)
            bad, array = _fitted(value, dtype, finite=finite)
        else:
            bad, array = held_elements(
                flattened(value, expected_shape, expected), dtype, finite=finite
            )
        if bad is not None:
            index = "".join(f"[{position}]" for position in np.unravel_index(bad, expected_shape))
            raise ConversionError(f"{expected}, with {_wanted(dtype)} at {index}")
        return array.reshape(expected_shape)

    return take


def list_converter(take_element: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """A function from a JSON list to a list of converted elements, null as None."""

    def take(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ConversionError("a list")
        taken = []
        for index, one in enumerate(value):
            try:
                taken.append(None if one is None else take_element(one))
            except ConversionError as error:
                raise ConversionError(f"a list with {error.expected} at [{index}]") from error
        return taken

    return take


def to_bytes(value: Any) -> bytes:
    """Base64 text as bytes; bytes are returned unchanged."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ConversionError("base64 text")
    try:
        if len(value) % 4:
            raise ValueError("its length is not a multiple of 4")
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConversionError("base64 text with padding and without line breaks") from error


def flattened(value: Any, shape: Sequence[int], expected: str) -> list[Any]:
    """The elements of nested lists of this shape, in row-major order.

    Raises ``ConversionError``, which begins with ``expected``, for lists of another shape.
    """
    level = [value]
    for depth, extent in enumerate(shape):
        for index, part in enumerate(level):
            if type(part) is not list or len(part) != extent:
                at = np.unravel_index(index, shape[:depth]) if depth else ()
                where = "".join(f"[{i}]" for i in at)
                raise ConversionError(
                    expected if not where else f"{expected}, with {extent} values at {where}"
                )
        level = list(chain.from_iterable(level))
    return level


def held_elements(
    flat: list[Any], dtype: np.dtype[Any], *, finite: bool = True
) -> tuple[int | None, npt.NDArray[Any]]:
    """Values of JSON as an array, (n,); or the position of the first that ``dtype`` can't hold."""
    nothing = np.empty(0, dtype)
    allowed = {bool} if dtype.kind == "b" else {int, float}
    kinds = set(map(type, flat))
    if not kinds <= allowed:
        return next(at for at, one in enumerate(flat) if type(one) not in allowed), nothing
    if dtype.kind == "b":
        return None, np.array(flat, dtype)
    wide = np.array([_float(one) for one in flat] if int in kinds else flat, np.float64)
    if dtype.kind == "f":
        bad, cast = _as_floats(wide, dtype, finite=finite)
        for at in np.flatnonzero((cast != wide) | (np.abs(wide) >= MAX_EXACT_INTEGER)):
            # A float is rounded; an integer has to be held exactly.
            bad[at] |= type(flat[at]) is int and not _equals(flat[at], cast[at])
        return _first(bad), cast
    if dtype.itemsize == 8 and not (np.abs(wide) < MAX_EXACT_INTEGER).all():
        return _large(flat, dtype)
    bad, cast = _as_integers(wide, dtype)
    return _first(bad), cast


def _as_floats(
    values: npt.NDArray[Any], dtype: np.dtype[Any], *, finite: bool
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any]]:
    """A mask of values that aren't finite in ``dtype``, or become so; and the values, rounded."""
    if values.dtype == dtype:
        return ~np.isfinite(values) if finite else np.zeros(values.shape, np.bool_), values
    with np.errstate(over="ignore", invalid="ignore"):
        cast = values.astype(dtype, copy=False)
    return ~np.isfinite(cast) & (finite | np.isfinite(values)), cast


def _as_integers(
    values: npt.NDArray[Any], dtype: np.dtype[Any]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any]]:
    """A mask of values that ``dtype`` can't hold exactly; and the values of that dtype."""
    with np.errstate(over="ignore", invalid="ignore"):
        cast = values.astype(dtype)
        bad = cast.astype(values.dtype) != values
        bad |= (values < 0) != (cast < 0)  # 64 bits with and without a sign
        if values.dtype.kind == "f":  # what a float beyond the limits becomes is undefined
            limits = np.iinfo(dtype)
            bad |= ~((values >= float(limits.min)) & (values < float(limits.max + 1)))
    return bad, cast


def _equals(whole: int, number: Any) -> bool:
    held = float(number)
    return math.isfinite(held) and int(held) == whole


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


def _fitted(
    value: npt.NDArray[Any], dtype: np.dtype[Any], *, finite: bool
) -> tuple[int | None, npt.NDArray[Any]]:
    """A tensor's elements, flat, or the position of the first that ``dtype`` can't hold."""
    flat = value.reshape(-1)
    if (value.dtype.kind == "b") != (dtype.kind == "b") or value.dtype.kind not in "biuf":
        return 0, flat
    if dtype.kind == "b":
        return None, flat
    if dtype.kind != "f":
        if np.can_cast(value.dtype, dtype, "safe"):
            return None, flat.astype(dtype, copy=False)
        bad, cast = _as_integers(flat, dtype)
        return _first(bad), cast
    bad, cast = _as_floats(flat, dtype, finite=finite)
    if value.dtype.kind != "f":  # a float is rounded; an integer has to be held exactly
        held, limit = cast.astype(np.float64), float(np.iinfo(value.dtype).max + 1)
        with np.errstate(invalid="ignore"):
            bad |= (held >= limit) | (held.astype(value.dtype) != flat)
    return _first(bad), cast


def _first(bad: npt.NDArray[np.bool_]) -> int | None:
    return int(bad.argmax()) if bad.any() else None


def _wanted(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "b":
        return "true or false"
    return f"a finite number that {dtype} holds"
