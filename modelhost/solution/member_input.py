"""The values that a flow passes to a member, as the columns that its model takes.

Values are converted to the kinds that the member was trained with, where that loses nothing;
anything else raises ``MemberInputError``, which names member and column.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from modelhost.columns import (
    MAX_INLINE_ROWS,
    ColumnSpec,
    EncodedColumns,
    encode_array,
    encode_tensor,
    encode_values,
)
from modelhost.predictions import is_frame
from modelhost.solution.errors import MemberInputError
from modelhost.solution.spec import MemberSpec
from modelhost.text import display_value, truncate

_EXAMPLES = {
    "number": "numbers",
    "integer": "whole numbers",
    "boolean": "booleans",
    "string": "text",
    "datetime": "times",
    "date": "dates",
    "time": "times of day",
    "decimal": "decimals",
    "bytes": "bytes",
    "list": "lists",
    "array": "arrays",
}


def member_columns(rows: Any, member: MemberSpec) -> tuple[list[Any], int]:
    """The columns of ``rows`` that ``member`` takes, each a list (None for null) or an array.

    ``rows``: a frame with at least its features; or an array, of the only feature if that is an
    array, or with a column for each. Second, the number of rows. Raises ``MemberInputError``.
    """
    if isinstance(rows, np.ndarray):
        return _of_array(rows, member)
    if not is_frame(rows):
        got = type(rows).__name__
        raise MemberInputError(member.name, "its rows", "a data frame or an array", got)
    return [_of_frame(rows, spec, member) for spec in member.features], len(rows)


def encoded_columns(
    columns: Sequence[Any], specs: Sequence[ColumnSpec], rows: int
) -> EncodedColumns:
    """``member_columns`` for a message."""
    encoded = EncodedColumns(rows, [], [])
    for values, spec in zip(columns, specs):
        described, buffers = _encoded(values, spec, rows)
        encoded.described.append(described)
        encoded.buffers.extend(buffers)
    return encoded


def _encoded(values: Any, spec: ColumnSpec, rows: int) -> tuple[Any, Sequence[Any]]:
    if isinstance(values, np.ndarray):
        if spec.kind == "array":
            return encode_tensor(values, spec)
        if rows > MAX_INLINE_ROWS:
            return encode_array(values)
        values = values.tolist()
        if spec.kind == "number":
            values = [None if value != value else value for value in values]
    one = encode_values([values], [spec], rows)
    return one.described[0], one.buffers


def _of_array(rows: Any, member: MemberSpec) -> tuple[list[Any], int]:
    features = member.features
    if len(features) == 1 and features[0].kind == "array":
        return [_cells(rows, features[0], member)], len(rows)
    width = rows.shape[1] if rows.ndim == 2 else 0
    if rows.ndim != 2 or width != len(features):
        expected = f"shape (rows, {len(features)})"
        raise MemberInputError(member.name, "its array", expected, f"shape {rows.shape}")
    return [_read(rows[:, n], spec, member) for n, spec in enumerate(features)], len(rows)


def _of_frame(rows: Any, spec: ColumnSpec, member: MemberSpec) -> Any:
    if spec.name in rows.columns:
        column = rows[spec.name]
        if column.ndim != 1:
            what, got = f"column {spec.name!r}", f"{column.shape[1]} columns of that name"
            raise MemberInputError(member.name, what, "one column", got)
        return _read(column, spec, member)
    if spec.name in member.defaults:
        return [member.defaults[spec.name]] * len(rows)
    known = truncate(", ".join(map(str, rows.columns)), 200)
    what = f"column {spec.name!r}"
    raise MemberInputError(member.name, what, "a column of that name", f"the columns {known}")


def _read(values: Any, spec: ColumnSpec, member: MemberSpec) -> Any:
    kind = "any" if spec.dtype.endswith("category") and spec.kind != "string" else spec.kind
    if kind == "array":
        return _cells(values, spec, member)
    try:
        return _READERS[kind](values, spec)
    except (TypeError, ValueError) as error:
        what, expected = f"column {spec.name!r}", _EXAMPLES.get(spec.kind, spec.kind)
        raise MemberInputError(member.name, what, expected, _got(values)) from error


def _got(values: Any) -> str:
    """The dtype, and a value of objects."""
    dtype = str(getattr(values, "dtype", "objects"))
    present = [value for value in _plain(values) if value is not None]
    odd = next((one for one in present if not isinstance(one, (int, float))), None)
    kinds = sorted({type(one).__name__ for one in present})
    shown = (
        f", such as {display_value(odd)}" if odd is not None and dtype in ("str", "object") else ""
    )
    held = " and ".join(kinds[:4]) or "nulls"
    return f"{held}{shown}" if dtype in ("str", "object") else f"{dtype} with {held}{shown}"


def _plain(values: Any) -> list[Any]:
    """Python values; None for null."""
    if getattr(values, "ndim", 1) > 1:
        return list(values)
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    return [None if _is_null(value) else value for value in listed]


def _is_null(value: Any) -> bool:
    if isinstance(value, (str, bytes, list, np.ndarray)):
        return False
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and value != value


def _numbers(values: Any, _spec: ColumnSpec) -> Any:
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return np.asarray(values, np.float64)
    cells = _plain(values)
    if any(isinstance(one, bool) or not isinstance(one, (int, float, type(None))) for one in cells):
        raise TypeError("no numbers")
    return np.array([np.nan if one is None else one for one in cells], np.float64)


def _integers(values: Any, _spec: ColumnSpec) -> Any:
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "i":
        return np.asarray(values, np.int64)
    cells = _plain(values)
    if any(isinstance(one, bool) or not isinstance(one, (int, float, type(None))) for one in cells):
        raise TypeError("no numbers")
    if any(isinstance(one, float) and not one.is_integer() for one in cells):
        raise ValueError("no whole numbers")
    return [None if one is None else int(one) for one in cells]


def _booleans(values: Any, _spec: ColumnSpec) -> Any:
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "b":
        return np.asarray(values)
    cells = _plain(values)
    if not all(one is None or isinstance(one, bool) for one in cells):
        raise TypeError("no booleans")
    return cells


def _of_type(*types: type) -> Callable[[Any, ColumnSpec], Any]:
    def read(values: Any, _spec: ColumnSpec) -> Any:
        cells = _plain(values)
        if not all(one is None or isinstance(one, types) for one in cells):
            raise TypeError("values of another type")
        return cells

    return read


def _times(values: Any, spec: ColumnSpec) -> Any:
    """Ticks since 1970 in the unit of training."""
    import pandas as pd

    unit, _, zone = spec.dtype[len("datetime64[") : -1].partition(", ")
    series = pd.Series(values)
    if series.dtype == object and series.isna().all():
        return np.full(len(series), np.datetime64("NaT"), f"M8[{unit}]").view(np.int64)
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise TypeError("no times")
    own = getattr(series.dt, "tz", None)
    if bool(own) != bool(zone):
        raise ValueError("times with an offset and without")
    plain = series.dt.tz_convert("UTC").dt.tz_localize(None) if own else series
    array = plain.to_numpy()
    ticks = array.astype(f"M8[{unit}]")
    if not ((ticks.astype(array.dtype) == array) | np.isnat(array)).all():
        raise ValueError(f"times finer than {unit}")
    return ticks.view(np.int64)


def _cells(values: Any, spec: ColumnSpec, member: MemberSpec) -> Any:
    """One array (rows, *shape); a list with None if a cell is null."""
    shape = tuple(spec.shape or ())
    try:
        if isinstance(values, np.ndarray) and values.dtype != object:
            block = values
        else:
            cells = _plain(values)
            if any(one is None for one in cells):
                return [None if one is None else np.asarray(one, spec.element) for one in cells]
            block = np.stack([np.asarray(one) for one in cells]) if cells else values
        converted = np.asarray(block, spec.element)
    except (TypeError, ValueError) as error:
        what = f"column {spec.name!r}"
        raise MemberInputError(
            member.name, what, f"arrays of shape {shape}", _got(values)
        ) from error
    if not _is_same(block, converted):
        what, got = f"column {spec.name!r}", f"values that {spec.element} can't hold"
        raise MemberInputError(member.name, what, f"an array of {spec.element}", got)
    if converted.shape[1:] != shape:
        what, got = f"column {spec.name!r}", f"arrays of shape {converted.shape[1:]}"
        raise MemberInputError(member.name, what, f"arrays of shape {shape}", got)
    return converted


def _is_same(original: Any, converted: Any) -> bool:
    """Whether no whole number has changed, and no finite number is infinite now."""
    original = np.asarray(original)
    if original.dtype == converted.dtype or original.dtype.kind not in "biuf":
        return True
    if converted.dtype.kind == "f":
        return bool((np.isfinite(converted) | ~np.isfinite(original.astype(np.float64))).all())
    return bool((converted == original).all())


def _codes(values: Any, spec: ColumnSpec) -> Any:
    """The codes of more than a few values of exactly the categories of training, else None."""
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    if categories is None or spec.categories is None or len(values) <= MAX_INLINE_ROWS:
        return None
    if not spec.dtype.endswith("category") or tuple(categories) != spec.categories:
        return None
    return np.asarray(values.cat.codes)


def _any(values: Any, _spec: ColumnSpec) -> Any:
    return _plain(values)


def _texts(values: Any, spec: ColumnSpec) -> Any:
    codes = _codes(values, spec)
    if codes is not None:
        return codes
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    if {*map(type, listed)} == {str}:
        return listed
    cells = _plain(values)
    if all(one is None or isinstance(one, str) for one in cells):
        return cells
    known = {type(category) for category in spec.categories or ()}
    if not known or not all(one is None or type(one) in known for one in cells):
        raise TypeError("no text")
    return cells


_READERS: Mapping[str, Callable[[Any, ColumnSpec], Any]] = {
    "number": _numbers,
    "integer": _integers,
    "boolean": _booleans,
    "string": _texts,
    "datetime": _times,
    "bytes": _of_type(bytes),
    "list": _of_type(list),
    "any": _any,
    "date": _of_type(dt.date, str),
    "time": _of_type(dt.time, str),
    "decimal": _of_type(Decimal, str),
}
