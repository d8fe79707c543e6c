"""Convert a JSON value to the type of a frame's column, without loss or not at all.

``make_converter`` returns the function for single values; that of ``modelhost.frames``,
``array_builder``, makes an array of its results.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from monitoring.slices.iso_times import nanoseconds_of
from packager.data.rows.calendar_values import CONVERTERS, text_of
from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.nested_values import array_converter, list_converter, to_bytes
from packager.manifest.manifest import Column

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_NOT_A_TIME = -(1 << 63)
_NUMPY_DTYPE = re.compile(r"bool|object|(float|u?int)\d+")


def make_converter(column: Column) -> Callable[[Any], Any]:
    """A function from a non-null JSON value to the column's type; raises ``ConversionError``.

    Times become integers: ticks since 1970 in the unit of the column's dtype.
    """
    if column.kind == "number":
        return _number_taker(np.dtype(_numpy_name(column.dtype, "float64")))
    if column.kind == "integer":
        return _integer_taker(np.dtype(_numpy_name(column.dtype, "int64")))
    if column.kind == "datetime":
        return _time_taker(column.dtype)
    if column.kind == "boolean":
        return _boolean
    if column.kind == "array":
        assert column.shape is not None
        assert column.element is not None
        return array_converter(column.shape, column.element)
    if column.kind == "bytes":
        return to_bytes
    if column.kind in CONVERTERS:
        return CONVERTERS[column.kind]
    if column.kind == "list":
        return list_converter(ELEMENTS[column.element or "number"])
    return _text if column.kind == "string" else _scalar


def needs_exact_floats(column: Column) -> bool:
    """Whether the column's integers become float64 if any value is null."""
    return _plain_dtype(column) in ("i", "u")


def refuse_inexact(values: Sequence[Any]) -> None:
    """Raise ``ConversionError`` for integers that float64 can't hold exactly; None is ignored."""
    if not all(_fits_float(value) for value in values if value is not None):
        raise ConversionError("integers that float64 holds exactly, in a request with nulls")


def dtype_depends_on(column: Column) -> Literal["nothing", "nulls", "values"]:
    """Whether the dtype of the column's array depends on nulls in it, or on its values."""
    if column.dtype.endswith("category"):
        return "values" if column.categories is None else "nothing"
    if column.kind == "any" and column.dtype != "object":
        return "values"
    return "nulls" if _plain_dtype(column) in ("i", "u", "b") else "nothing"


def format_bound(column: Column, value: float) -> float | str:
    """A minimum or maximum in the form of a request: datetimes in ISO 8601, to the second."""
    if column.kind in CONVERTERS:
        return text_of(column.kind, value)
    if column.kind != "datetime":
        return value
    zone = dt.UTC if "," in column.dtype else None
    return dt.datetime.fromtimestamp(value // 10**9, dt.UTC).replace(tzinfo=zone).isoformat()


def nanoseconds_per_tick(column: Column) -> int:
    """Length of a tick of a datetime column, in nanoseconds."""
    return 10**9 // _PER_SECOND[_unit(column.dtype)]


def _numpy_name(dtype: str, otherwise: str) -> str:
    """``float32`` for ``float32`` and ``Float32``; ``otherwise`` for dtypes without a size."""
    name = dtype.lower()
    return name if re.fullmatch(r"(float|u?int)\d+", name) else otherwise


def _number_taker(dtype: np.dtype[Any]) -> Callable[[Any], float]:
    def take(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConversionError("a number")
        with np.errstate(over="ignore"):
            try:
                result = float(dtype.type(value)) if narrow else float(value)
            except OverflowError:
                result = math.inf
        if not math.isfinite(result):
            raise ConversionError(f"a finite {dtype} number")
        if isinstance(value, int) and int(result) != value:
            raise ConversionError(f"a number that {dtype} holds exactly")
        return result

    narrow = dtype.itemsize < 8
    return take


def _integer_taker(dtype: np.dtype[Any]) -> Callable[[Any], int]:
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)

    def take(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConversionError("an integer")
        if not low <= value <= high:
            raise ConversionError(f"an integer from {low} to {high}")
        return value

    return take


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConversionError("true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ConversionError("text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ConversionError("text that is valid Unicode") from error
    return value


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, bool | int | float):
        raise ConversionError("a number, text, true, false or null")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConversionError("a finite number")
    return value


def _time_taker(dtype: str) -> Callable[[Any], int]:
    aware = "," in dtype
    unit = _unit(dtype)
    expected = f"an ISO 8601 time {'with' if aware else 'without'} an offset, like " + (
        "2024-01-31T10:00:00Z" if aware else "2024-01-31T10:00:00"
    )

    def take(value: Any) -> int:
        if not isinstance(value, str):
            raise ConversionError(expected)
        try:
            nanoseconds, has_offset = nanoseconds_of(value)
        except ValueError as error:
            raise ConversionError(expected) from error
        if has_offset != aware:
            raise ConversionError(expected)
        ticks, rest = divmod(nanoseconds, 10**9 // _PER_SECOND[unit])
        if rest:
            raise ConversionError(f"a time in whole {unit}")
        if not _NOT_A_TIME < ticks < -_NOT_A_TIME:
            raise ConversionError(f"a time that {dtype} holds")
        return ticks

    return take


ELEMENTS: dict[str, Callable[[Any], Any]] = {
    "number": _number_taker(np.dtype("float64")),
    "integer": _integer_taker(np.dtype("int64")),
    "boolean": _boolean,
    "string": _text,
}
"""Kind of a list's elements → their converter."""


def _plain_dtype(column: Column) -> str:
    """The kind character of the column's NumPy dtype; empty for pandas' own dtypes."""
    if column.dtype.endswith("category") or column.kind in ("any", "datetime"):
        return ""
    return np.dtype(column.dtype).kind if _NUMPY_DTYPE.fullmatch(column.dtype) else ""


def _unit(dtype: str) -> str:
    """``us`` of ``datetime64[us, UTC]``."""
    return dtype.removeprefix("datetime64[").rstrip("]").split(",")[0]


def _fits_float(value: int) -> bool:
    return int(float(value)) == value
