"""Held-out rows in the form of request rows."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from packager.data.rows.coerce import make_converter
from packager.data.rows.conversion_error import ConversionError
from packager.manifest.manifest import Schema

Row = dict[str, Any]


def json_rows(frame: pd.DataFrame, schema: Schema) -> list[Row]:
    """The features of ``frame`` as JSON values, one object per row; missing values are null."""
    names = [column.name for column in schema.features]
    columns = [_values(frame[name]) for name in names]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def accepted_rows(schema: Schema, rows: Sequence[Row]) -> list[Row]:
    """The ``rows`` that are valid in a request."""
    bad: set[int] = set()
    for column in schema.features:
        take = make_converter(column)
        for index, row in enumerate(rows):
            if not _takes(take, row[column.name]):
                bad.add(index)
    return [row for index, row in enumerate(rows) if index not in bad]


def columns_of(schema: Schema, rows: Sequence[Row]) -> list[list[Any]]:
    """The features as columns of converted values, None for null, as in the server."""
    takers = [(column.name, make_converter(column)) for column in schema.features]
    return [
        [None if row[name] is None else take(row[name]) for row in rows] for name, take in takers
    ]


def _takes(take: Callable[[Any], Any], value: Any) -> bool:
    if value is None:
        return True
    try:
        take(value)
    except ConversionError:
        return False
    return True


def _values(series: pd.Series[Any]) -> list[Any]:
    missing = series.isna()
    cells = series.astype(object).tolist()
    return [None if gone else _value(cell) for cell, gone in zip(cells, missing, strict=True)]


def _value(cell: Any) -> Any:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode()
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.isoformat() if hasattr(cell, "isoformat") else cell
