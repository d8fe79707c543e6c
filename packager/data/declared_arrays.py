"""Columns that the project declares as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from modelhost.text import display_value
from packager.data.array_column import ArrayColumn, ArrayDtype
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions


def with_declared_arrays(
    frame: pd.DataFrame, reader: TableReadOptions, place: object
) -> pd.DataFrame:
    """``frame`` with each declared column as one block of its dtype and shape.

    ``place``: the file or folder, for messages. Raises ``UsageError`` for a cell that the declared
    array can't hold: of another number of elements, with a null, text, or a number that the
    element type can't hold exactly.
    """
    for name in frame.columns:
        declared = reader.array(name)
        if declared is None:
            continue
        dtype = ArrayDtype(*declared)
        column = frame[name]
        block = _block(column.array, dtype) if isinstance(column.array, ArrayColumn) else None
        made = block or ArrayColumn.of(_cells(column, dtype, name, place), dtype)
        frame[name] = pd.Series(made, frame.index)
    return frame


def _block(column: ArrayColumn, dtype: ArrayDtype) -> ArrayColumn | None:
    """All cells at once; None if they don't fit."""
    if np.prod(column.dtype.shape) != np.prod(dtype.shape):
        return None
    cast = _exact(column.block, dtype.element)
    if cast is None:
        return None
    return ArrayColumn(cast.reshape(-1, *dtype.shape), column.absent)


def _cells(column: pd.Series[Any], dtype: ArrayDtype, name: str, place: object) -> Sequence[Any]:
    missing = column.isna().to_numpy(bool)
    cells: list[Any] = []
    for row, (cell, gone) in enumerate(zip(column, missing, strict=True)):
        cells.append(None if gone else _cell(cell, dtype, row, name, place))
    return cells


def _cell(cell: Any, dtype: ArrayDtype, row: int, name: str, place: object) -> Any:
    try:
        found = np.asarray(cell)
    except ValueError:  # ragged
        found = np.empty(0, object)
    size = int(np.prod(dtype.shape))
    cast = _exact(found, dtype.element) if found.size == size else None
    if cast is None or found.shape not in (dtype.shape, (size,)):
        raise UsageError(
            f"{place}: row {row}, column {name!r}: expected {size} elements of {dtype}, "
            f"got {display_value(cell)}",
            "correct the cell, or change shape and element of the column under [data.columns]",
        )
    return cast.reshape(dtype.shape)


def _exact(values: Any, element: np.dtype[Any]) -> Any:
    """``values`` as ``element``; None if that would change one.

    Floats may be narrowed: the project declares the precision that it wants.
    """
    if values.dtype.kind not in "biuf" or (values.dtype.kind == "b") != (element.kind == "b"):
        return None
    if values.dtype == element:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        cast = values.astype(element)
    if element.kind == "f":
        return cast if np.isinf(cast).sum() == np.isinf(values).sum() else None
    return cast if np.array_equal(cast.astype(values.dtype), values) else None
