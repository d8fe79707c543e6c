"""Converts frame columns to the server's values: plain objects, None for null, times as ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.calendar_values import CalendarUnit
from monitoring.slices.clock import Clock, DatetimeUnit


def plain_values(series: pd.Series[Any]) -> list[Any]:
    """The values of a column as plain Python objects; every kind of null is None.

    Datetimes become ticks of ``clock_of(series)``; a categorical value becomes its category.
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = plain_values(series.cat.categories.to_series())
        return [None if code < 0 else categories[code] for code in series.cat.codes.tolist()]
    null = series.isna().to_numpy(bool)
    cells = _objects(series)
    if null.any():
        cells[null] = None
    values: list[Any] = cells.tolist()
    if series.dtype != object:
        return values
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def cell_values(series: pd.Series[Any]) -> Sequence[Any]:
    """As ``plain_values``; a column of arrays as one block, if none is null."""
    blocks: Any = series.array
    if hasattr(blocks, "block"):
        return blocks.block if blocks.absent is None else series.astype(object).tolist()
    return plain_values(series)


def clock_of(series: pd.Series[Any]) -> Clock | None:
    """The unit of a column of datetimes, dates, times of day or decimals; None for others."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if dtype.kind == "O":
        present = series.notna().to_numpy(bool)
        return CalendarUnit.of_value(series.iloc[int(present.argmax())]) if present.any() else None
    if not pd.api.types.is_datetime64_any_dtype(dtype):
        return None
    return DatetimeUnit.of_dtype(str(dtype))


def _objects(series: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """A new array of plain Python objects."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return pd.DatetimeIndex(series).asi8.astype(object)
    return series.astype(object).to_numpy(copy=True)
