"""Columns that the project declares as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from packager.data.array_column import ArrayColumn, ArrayDtype
from packager.data.declared_values import nested, refused
from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.nested_values import array_converter


def declared_array(
    column: pd.Series[Any], declared: tuple[str, tuple[int, ...]], location: object, first: int
) -> pd.Series[Any]:
    """The column as one block of the declared element type and shape.

    ``location``: the file or folder, for messages; ``first``: the number of the first row. Raises
    ``UsageError``, naming row and index, for a cell that such an array can't hold: of another
    shape, with a null, text, or a number that the element type can't hold exactly.
    """
    dtype = ArrayDtype(*declared)
    block = _block(column.array, dtype) if isinstance(column.array, ArrayColumn) else None
    if block is None:
        block = ArrayColumn.of(_cells(column, dtype, location, first), dtype)
    return pd.Series(block, column.index, name=column.name)


def _block(column: ArrayColumn, dtype: ArrayDtype) -> ArrayColumn | None:
    """All cells at once; None if they don't fit."""
    if np.prod(column.dtype.shape) != np.prod(dtype.shape):
        return None
    if column.dtype.shape != dtype.shape and len(column.dtype.shape) > 1:
        return None
    cast = _exact(column.block, dtype.element)
    if cast is None:
        return None
    return ArrayColumn(cast.reshape(-1, *dtype.shape), column.absent)


def _cells(
    column: pd.Series[Any], dtype: ArrayDtype, location: object, first: int
) -> Sequence[Any]:
    missing = column.isna().to_numpy(bool)
    cells: list[Any] = []
    for row, (cell, gone) in enumerate(zip(column, missing, strict=True)):
        try:
            cells.append(None if gone else _cell(cell, dtype))
        except ConversionError as error:
            raise refused(column.name, cell, error.expected, first + row, location) from error
    return cells


def _cell(cell: Any, dtype: ArrayDtype) -> Any:
    """The array; a flat list of all elements is taken too, as Parquet stores them."""
    size = int(np.prod(dtype.shape))
    if isinstance(cell, np.ndarray) and cell.shape in (dtype.shape, (size,)):
        cast = _exact(cell, dtype.element)
        if cast is not None:
            return cast.reshape(dtype.shape)
    elements = nested(cell)
    flat = (
        isinstance(elements, list) and len(elements) == size and not isinstance(elements[0], list)
    )
    shape = (size,) if flat else dtype.shape
    array = array_converter(shape, str(dtype.element), finite=isinstance(cell, str))(elements)
    return array.reshape(dtype.shape)


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
        if values.dtype.kind != "f":
            return cast if (cast.astype(values.dtype) == values).all() else None
        return cast if np.isinf(cast).sum() == np.isinf(values).sum() else None
    return cast if np.array_equal(cast.astype(values.dtype), values) else None
