"""Columns that the project declares as lists, bytes, dates, times of day or decimal numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from modelhost.text import display_value
from packager.data.rows.calendar_values import CONVERTERS
from packager.data.rows.coerce import ELEMENTS
from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.nested_values import list_converter, to_bytes
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions

Take = Callable[[Any], Any]


def cell_converter(name: str, reader: TableReadOptions) -> Take | None:
    """The converter of the cells of a column; None if it is not declared as one of these kinds.

    None also for the content of files, which needs no conversion.
    """
    kind = reader.kind(name)
    if kind == "bytes":
        return None if name in reader.folders else to_bytes
    if kind == "list":
        return _list_taker(reader.columns[name].element or "number")
    if kind == "decimal":
        return _decimal_taker(reader)
    return None if kind is None else CONVERTERS.get(kind)


def declared_values(column: pd.Series[Any], take: Take, location: object, first: int) -> Any:
    """The column with its cells converted, NaN for null; ``UsageError`` names the row."""
    cells = np.full(len(column), np.nan, object)
    gone = column.isna().to_numpy(bool)
    for row, (cell, null) in enumerate(zip(column, gone, strict=True)):
        try:
            cells[row] = np.nan if null else take(cell)
        except ConversionError as error:
            raise refused(column.name, cell, error.expected, first + row, location) from error
    return pd.Series(cells, column.index, dtype=object)


def refused(name: Any, cell: Any, expected: str, row: int, location: object) -> UsageError:
    """The error of a cell that its declared column can't hold."""
    return UsageError(
        f"{location}: row {row}, column {name!r}: expected {expected}, as declared, "
        f"got {display_value(cell)}",
        "correct the cell, or change the column under [data.columns] of package.toml",
    )


def nested(cell: Any) -> Any:
    """Arrays and tuples of any depth as lists; text as the JSON that it is.

    Raises ``ConversionError`` for text that is no JSON.
    """
    if isinstance(cell, str):
        try:
            return json.loads(cell, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ConversionError("JSON text, like [1, 2]") from error
    if isinstance(cell, np.ndarray):
        return nested(cell.tolist())
    if isinstance(cell, Sequence) and not isinstance(cell, bytes):
        return [nested(one) if not isinstance(one, str) else one for one in cell]
    return cell


def _list_taker(element: str) -> Take:
    take = list_converter(ELEMENTS[element])

    def convert(cell: Any) -> Any:
        return take(nested(cell))

    return convert


def _decimal_taker(reader: TableReadOptions) -> Take:
    def convert(cell: Any) -> Any:
        if isinstance(cell, str):
            cell = cell.replace(reader.thousands, "") if reader.thousands else cell
            cell = cell.replace(reader.decimal, ".") if reader.decimal else cell
            cell = cell.strip()
        return CONVERTERS["decimal"](cell)

    return convert


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")
