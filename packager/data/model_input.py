"""Convert tables to model input: dates to times, decimals to numbers, in the declared dtypes.

The fingerprint (``dfp/1``) is that of the frame as read from its files; training, measuring and
checking use the converted frame, and served rows are converted to the same form.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd

from modelhost.text import display_value
from packager.data.iso_times import as_times, first_without_time
from packager.data.rows.calendar_values import CONVERTERS
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions


def to_model_input(frame: pd.DataFrame, reader: TableReadOptions) -> pd.DataFrame:
    """The same rows with columns that a request can hold.

    Unchanged columns are shared with ``frame``.

    Where no kind is declared, dates become ``datetime64[s]``, decimals float64, times of day and
    durations seconds as float64, categories of such values plain columns. Columns declared as
    numbers become float64; text declared as times is parsed. ``[data.read] dtypes`` are applied
    last. Raises ``UsageError`` for a value that such a column can't hold.
    """
    served = frame.copy(deep=False)
    for name in frame.columns:
        kind = reader.kind(name)
        column = frame[name] if kind in CONVERTERS else _plain(frame[name])
        if kind == "datetime" and not pd.api.types.is_datetime64_any_dtype(column.dtype):
            column = _times(column, name)
        if kind == "number" and pd.api.types.is_integer_dtype(column.dtype):
            column = column.astype("float64")
        dtype = reader.dtype(name)
        if dtype is not None and column.dtype != dtype:
            column = _cast(column, name, dtype)
        if column is not frame[name]:
            served[name] = column
    return served


def seconds(value: dt.time | dt.timedelta) -> float:
    """A time of day since midnight, or a duration, in seconds."""
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return (value.hour * 60 + value.minute) * 60 + value.second + value.microsecond / 1e6


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = column.dtype.categories.to_series(index=None)
        plain_categories = _plain(categories)
        odd = plain_categories is not categories or pd.api.types.is_datetime64_any_dtype(
            categories.dtype
        )
        return _plain(column.astype(categories.dtype)) if odd else column
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return cast("pd.Series[Any]", column.dt.total_seconds())
    if not pd.api.types.is_object_dtype(column.dtype):
        return column
    form = pd.api.types.infer_dtype(column, skipna=True)
    make = _PLAIN.get(form)
    if make is not None:
        return make(column)
    return _lists(column) if form == "mixed" else column


def _dates(column: pd.Series[Any]) -> pd.Series[Any]:
    codes, days = pd.factorize(column.to_numpy(dtype=object))
    known = np.array(days.tolist(), dtype="M8[D]").astype("M8[s]")
    return pd.Series(np.append(known, np.datetime64("NaT"))[codes], column.index, name=column.name)


def _floats(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype("float64")


def _lists(column: pd.Series[Any]) -> pd.Series[Any]:
    """Tuples and arrays of one dimension as lists; a column of anything else is unchanged."""
    present = column.notna()
    cells = [cell.tolist() if isinstance(cell, np.ndarray) else cell for cell in column[present]]
    if not cells or not all(isinstance(cell, list | tuple) for cell in cells):
        return column
    lists = np.full(len(column), np.nan, object)
    for row, cell in zip(np.flatnonzero(present), cells, strict=True):
        lists[row] = list(cell)
    return pd.Series(lists, column.index, dtype=object, name=column.name)


def _seconds(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(cast(Any, seconds), na_action="ignore").astype("float64")


_PLAIN: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    "date": _dates,
    "decimal": _floats,
    "time": _seconds,
    "timedelta": _seconds,
}


def _times(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    """A column declared as times, parsed; one without values, or not of text, is unchanged."""
    text = pd.api.types.infer_dtype(column, skipna=True) == "string"
    if not text:
        return column
    parsed = as_times(column)
    if parsed is None:
        row = first_without_time(column)
        raise UsageError(
            f"[data.columns] {name}: expected ISO 8601 times, as declared, "
            f"got {display_value(column.iloc[row])} in row {row}",
            f'fix the cell, or declare {name} with kind = "string"',
        )
    return _plain(parsed[1])


def _cast(column: pd.Series[Any], name: str, dtype: str) -> pd.Series[Any]:
    if dtype == "category":
        return column.astype("category")
    try:
        cast_column = column.astype(cast(Any, dtype))
    except (ValueError, TypeError) as error:
        raise _refused(column, name, dtype) from error
    if dtype.startswith(("int", "uint")) and not (cast_column == column).all():
        raise _refused(column, name, dtype)
    return cast_column


def _refused(column: pd.Series[Any], name: str, dtype: str) -> UsageError:
    nulls = int(column.isna().sum())
    got = f"{nulls} nulls" if nulls else f"a column of {column.dtype} with other values"
    return UsageError(
        f"[data.read] dtypes: expected values of {name!r} that {dtype} holds, got {got}",
        f"choose another dtype for {name}, for example float64, or leave it out",
    )
