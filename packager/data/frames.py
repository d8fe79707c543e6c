"""Read files of rows as data frames, and infer the columns of a frame.

Frames have plain pandas dtypes and an index 0…n-1, whichever program wrote the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from modelhost.list_kinds import kind_of_elements
from monitoring.calendar_values import number_of
from packager.data.array_column import ArrayColumn, array_column
from packager.data.rows.calendar_values import CONVERTERS
from packager.data.sources.table import SourceTable
from packager.manifest.base import Kind, Scalar
from packager.manifest.manifest import Column
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

MAX_CATEGORIES = 10_000
MAX_SPARSE_CATEGORIES = 50
"""Text with more distinct values is free text if they exceed half the number of rows."""


def read(
    path: Path, reader: TableReadOptions = DEFAULT_OPTIONS, beside: Path | None = None
) -> pd.DataFrame:
    """The table in a file or folder, with the types of its files and declarations.

    ``beside``: the folder with the files that cells name, if it is not the table's. Raises
    ``UsageError`` if a file is unreadable, has no columns, repeats one, or has other columns than
    the first file, or if a cell does not match its column's declaration.
    """
    return SourceTable(path, reader, beside).read()


def infer_columns(
    frame: pd.DataFrame, reader: TableReadOptions = DEFAULT_OPTIONS
) -> tuple[Column, ...]:
    """The columns as inferred from these rows; see ``Column`` for the fields.

    Category columns have the kind of their categories and keep all categories in their order; an
    ordered one has the dtype ``ordered category``. Infinite values don't widen the range. The kinds
    of Python objects, and of the elements of lists, are those that ``reader`` declares, if it does.
    """
    return tuple(_as_declared(_infer(str(name), frame[name]), reader) for name in frame.columns)


def _as_declared(column: Column, reader: TableReadOptions) -> Column:
    kind = reader.kind(column.name)
    if kind == "list":
        element = reader.columns[column.name].element
        return column.model_copy(update={"kind": kind, "element": element})
    if kind == "bytes" or kind in CONVERTERS:  # also if all cells are null
        return column.model_copy(update={"kind": kind, "dtype": "object"})
    return column


def _infer(name: str, series: pd.Series[Any]) -> Column:
    block = array_column(series)
    if block is not None:
        return _array(name, block)
    present = series.dropna()
    dtype = str(series.dtype)
    categories: tuple[Scalar, ...] | None = None
    if isinstance(series.dtype, pd.CategoricalDtype):
        kind = _kind(series.dtype.categories.to_series())
        if kind in ("any", "datetime"):
            kind = "any"
        else:
            categories = tuple(series.dtype.categories.tolist())
        dtype = "ordered category" if series.dtype.ordered else dtype
    else:
        kind = _kind(series)
        if kind in ("string", "boolean"):
            distinct = present.unique().tolist()
            free = len(distinct) > min(
                MAX_CATEGORIES, max(MAX_SPARSE_CATEGORIES, len(present) // 2)
            )
            categories = None if free else tuple(sorted(distinct))
    low, high = _range(present, kind)
    return Column(
        name=name,
        kind=kind,
        dtype=dtype,
        nullable=len(present) < len(series),
        categories=categories,
        minimum=low,
        maximum=high,
        element=kind_of_elements(present) if kind == "list" else None,
    )


def _array(name: str, column: ArrayColumn) -> Column:
    numbers = column.block if column.absent is None else column.block[~column.absent]
    if numbers.dtype.kind == "f":
        numbers = numbers[np.isfinite(numbers)]
    ranged = numbers.size > 0 and numbers.dtype.kind != "b"
    return Column(
        name=name,
        kind="array",
        dtype="object",
        nullable=column.absent is not None,
        shape=column.dtype.shape,
        element=str(column.dtype.element),
        minimum=float(numbers.min()) if ranged else None,
        maximum=float(numbers.max()) if ranged else None,
    )


def _kind(series: pd.Series[Any]) -> Kind:
    types = pd.api.types
    if types.is_bool_dtype(series.dtype):
        return "boolean"
    if types.is_integer_dtype(series.dtype):
        return "integer"
    if types.is_float_dtype(series.dtype):
        return "number"
    if types.is_datetime64_any_dtype(series.dtype):
        return "datetime"
    values = types.infer_dtype(series, skipna=True)
    if values == "string" or isinstance(series.dtype, pd.StringDtype):
        return "string"
    if values in ("boolean", "bytes", *CONVERTERS):
        return values
    present = series.dropna() if values == "mixed" else series.iloc[:0]
    lists = len(present) and all(isinstance(cell, list) for cell in present)
    return "list" if lists else "any"


def _range(present: pd.Series[Any], kind: Kind) -> tuple[float | None, float | None]:
    if isinstance(present.dtype, pd.CategoricalDtype):
        return None, None
    if kind == "datetime":
        values = present.astype("int64").to_numpy() * _nanoseconds(present)
    elif kind in CONVERTERS:
        values = np.fromiter(map(number_of, present), np.float64, len(present))
    elif kind in ("number", "integer"):
        values = present.to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
    else:
        return None, None
    return (float(values.min()), float(values.max())) if len(values) else (None, None)


def _nanoseconds(series: pd.Series[Any]) -> float:
    return float(pd.Timedelta(1, unit=cast(Any, series.dt.unit)).value)
