"""Converts rows of Python, NumPy and pandas values to JSON values, without importing pandas.

Nulls (None, NaN, ``NaT``, ``NA``) become None; times become text in ISO 8601; decimals and NumPy
scalars become numbers, arrays nested lists. Bytes become base64 for a column of bytes, else text in
UTF-8. For any other value the error names row and column.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from packager.errors import UsageError

MAX_BITS = 1_100
"""Integers with more bits exceed the range of every number that a model accepts."""
MAX_DIGITS = 330
_PLAIN = frozenset({str, bool, type(None)})
KindOf = Callable[[str], str | None]
"""Name of a column → its kind; None if the model doesn't use it."""
_HINT = "send numbers, text, true or false; None where there is no value; times as datetime or text"


class _UnfitError(Exception):
    """A value that JSON can't represent."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.got = got


def json_rows(rows: Any, kind_of: KindOf = lambda _: "any", first: int = 0) -> list[dict[str, Any]]:
    """Rows as objects of JSON values, in their order.

    ``rows``: mappings, pandas Series or named tuples; or a DataFrame, whose index is ignored.
    ``kind_of`` is called only for bytes, and for a value that JSON can't represent, which becomes
    None in a column that the model doesn't use. Raises ``UsageError`` for input other than rows,
    and for a value, naming row and column; ``first`` is the number of the first row.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        return _of_frame(rows, kind_of)
    if isinstance(rows, Mapping | str | bytes) or not isinstance(rows, Iterable):
        got = "one row" if isinstance(rows, Mapping) else type(rows).__name__
        raise UsageError(
            f"expected a list of rows, got {got}", "put the row into a list: [row], or a DataFrame"
        )
    if pandas is not None and isinstance(rows, pandas.Series | pandas.Index):
        raise UsageError(
            f"expected a list of rows, got one {type(rows).__name__}", "put it into a list: [row]"
        )
    return [_row(index, row, kind_of) for index, row in enumerate(rows, first)]


def json_value(value: Any) -> Any:
    """``value`` as a JSON value; raises ``UsageError``."""
    try:
        return _value(value)
    except _UnfitError as error:
        raise UsageError(f"expected {error.expected}, got {error.got}", _HINT) from error


def _of_frame(frame: Any, kind_of: KindOf) -> list[dict[str, Any]]:
    names = [str(name) for name in frame.columns]
    twice = sorted((name, count) for name, count in Counter(names).items() if count > 1)
    if twice:
        raise UsageError(
            f"expected every column name once, got {twice[0][0]!r} {twice[0][1]}x",
            "rename or drop the repeated column",
        )
    columns = []
    for index, name in enumerate(names):
        series = frame.iloc[:, index]
        cells, null = series.astype(object).tolist(), series.isna().tolist()
        columns.append(
            [
                None if gone else _cell(row, name, cell, kind_of)
                for row, (cell, gone) in enumerate(zip(cells, null, strict=True))
            ]
        )
    if not columns:
        return [{} for _ in range(len(frame))]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _row(index: int, row: Any, kind_of: KindOf) -> dict[str, Any]:
    named = row._asdict() if isinstance(row, tuple) and hasattr(row, "_asdict") else row
    if not isinstance(named, Mapping) and not hasattr(named, "to_dict"):
        raise UsageError(
            f"row {index}: expected an object of names and values, got {type(row).__name__}",
            'write {"column": value, …} for every row',
        )
    cells = named if isinstance(named, Mapping) else named.to_dict()
    return {
        name if isinstance(name, str) else str(name): (
            value if type(value) in _PLAIN else _cell(index, str(name), value, kind_of)
        )
        for name, value in cells.items()
    }


def _cell(row: int, name: str, value: Any, kind_of: KindOf) -> Any:
    try:
        if isinstance(value, bytes | bytearray) and kind_of(name) == "bytes":
            return base64.b64encode(value).decode()
        return _value(value)
    except (_UnfitError, RecursionError) as caught:
        if kind_of(name) is None:
            return None
        deep = _UnfitError("a plain value", "a deeply nested one")
        error = deep if isinstance(caught, RecursionError) else caught
        location = f"row {row}, column {json.dumps(name, ensure_ascii=False)}"
        raise UsageError(f"{location}: expected {error.expected}, got {error.got}", _HINT) from None


def _value(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    convert = _CONVERTERS.get(type(value)) or _converter(value)
    if convert is None:
        raise _UnfitError("a value that JSON can hold", type(value).__name__)
    return convert(value)


def _converter(value: Any) -> Callable[[Any], Any] | None:
    """A converter for a value of a rarer type; None if there is none."""
    for kind, convert in _CONVERTERS.items():
        if isinstance(value, kind):
            return convert
    if type(value).__name__ in ("NAType", "NaTType"):
        return lambda _: None
    if type(value).__module__ == "numpy" and type(value).__name__ == "datetime64":
        return _numpy_time
    if type(value).__module__ == "numpy" and hasattr(value, "ravel") and value.shape:
        return _array
    shape = getattr(value, "shape", None)
    if shape == () and callable(getattr(value, "item", None)):
        return _scalar
    return None


def _scalar(value: Any) -> Any:
    """The JSON value of a NumPy scalar, or of a zero-dimensional array."""
    plain = value.item()
    if type(plain) is type(value):  # NumPy's long double has no equivalent Python type
        if getattr(getattr(plain, "dtype", None), "kind", "") != "f":
            raise _UnfitError("a value that JSON can hold", type(value).__name__)
        plain = float(plain)
    return _value(plain)


def _array(value: Any) -> Any:
    """Nested lists of a NumPy array."""
    if value.dtype.kind in "biu":
        return value.tolist()
    if value.dtype.kind == "f" and value.dtype.itemsize <= 8:
        if not all(map(math.isfinite, value.ravel().tolist())):
            raise _UnfitError("an array of finite numbers", "NaN or infinity in it")
        return value.tolist()
    return _list(value)


def _numpy_time(value: Any) -> str | None:
    text = str(value)
    if text == "NaT":
        return None
    unit = {len("2024"): "D", len("2024-01"): "D", len("2024-01-31T10"): "m"}.get(len(text))
    return text if unit is None else str(value.astype(f"datetime64[{unit}]"))


def _int(value: int) -> int:
    if value.bit_length() > MAX_BITS:
        raise _UnfitError("a finite number", f"an integer of {value.bit_length()} bits")
    return int(value)


def _float(value: float) -> float | None:
    if math.isfinite(value):
        return float(value)
    if math.isnan(value):
        return None
    raise _UnfitError("a finite number", str(float(value)))


def _decimal(value: Decimal) -> float | int | None:
    if value.is_nan():
        return None
    if not value.is_finite():
        raise _UnfitError("a finite number", str(value))
    if value.adjusted() < MAX_DIGITS and value == value.to_integral_value():
        return int(value)
    return _float(float(value))


def _moment(value: dt.datetime | dt.date | dt.time) -> str | None:
    return None if type(value).__name__ == "NaTType" else value.isoformat()


def _bytes(value: bytes | bytearray) -> str:
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _UnfitError("text in UTF-8", f"bytes {bytes(value)[:20]!r}") from error


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _value(inner) for name, inner in value.items()}


def _list(value: Iterable[Any]) -> list[Any]:
    return [_value(inner) for inner in value]


_CONVERTERS: dict[type, Callable[[Any], Any]] = {
    bool: bool,
    Enum: lambda value: _value(value.value),
    str: str,
    int: _int,
    float: _float,
    Decimal: _decimal,
    dt.datetime: _moment,
    dt.date: _moment,
    dt.time: _moment,
    bytes: _bytes,
    bytearray: _bytes,
    uuid.UUID: str,
    Mapping: _object,
    list: _list,
    tuple: _list,
}
