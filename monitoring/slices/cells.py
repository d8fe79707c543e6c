"""Converts frame columns to the server's values: plain objects, None for null, times as ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.calendar_values import CalendarUnit
from monitoring.column_arrays import ColumnArrays, ColumnLayout
from monitoring.slices.clock import Clock, DatetimeUnit

MIN_REPEATS = 4
"""Rows per distinct value from which the slices of a column are computed once per value."""
_PROBED_ROWS = 1_000
"""First rows of a column that are counted before all are: a column of floats rarely repeats."""


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


def coded_cells(columns: Sequence[pd.Series[Any]]) -> tuple[list[Sequence[Any]], ColumnArrays]:
    """The ``cell_values`` of each column, and the codes of those whose values repeat."""
    cells: list[Sequence[Any]] = []
    categories: dict[int, list[Any]] = {}
    codes: list[npt.NDArray[np.intp]] = []
    first = 0
    for index, series in enumerate(columns):
        repeated = _distinct(series)
        if repeated is None:
            cells.append(cell_values(series))
            continue
        own, values = repeated
        known = np.empty(len(values) + 1, dtype=object)
        known[:-1] = values
        cells.append(known[own].tolist())
        categories[index] = values
        codes.append(own + first)
        first += len(known)
    rows = len(columns[0]) if columns else 0
    coded = np.array(codes, np.intp).reshape(len(codes), rows)
    layout = ColumnLayout((), categories)
    return cells, ColumnArrays(layout, np.empty((0, rows)), coded)


def _distinct(series: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[Any]] | None:
    """Each row's place among the distinct values, that after the last for null, and the values.

    None if they repeat too little, or for objects: equal ones, such as 1 and True, may differ.
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, uniques = series.cat.codes.to_numpy(np.intp), series.cat.categories.to_series()
        if len(uniques) * MIN_REPEATS > len(series):
            return None
    else:
        plain = isinstance(series.dtype, pd.StringDtype) or series.dtype.kind in "biufM"
        probed = series.iloc[:_PROBED_ROWS]
        if not plain or probed.nunique() * MIN_REPEATS > len(probed):
            return None
        codes, distinct = pd.factorize(series)
        if len(distinct) * MIN_REPEATS > len(series):
            return None
        uniques = pd.Series(distinct)
    values = plain_values(uniques)
    return np.where(codes < 0, len(values), codes), values


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
