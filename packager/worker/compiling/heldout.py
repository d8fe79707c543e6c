"""Held-out rows as the requests that would bring them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from packager.manifest import Schema


def json_rows(frame: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    """The features of ``frame`` as JSON values, one object a row; what is missing is null."""
    names = [column.name for column in schema.features]
    columns = [_values(frame[name]) for name in names]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _values(series: pd.Series[Any]) -> list[Any]:
    missing = series.isna()
    cells = series.astype(object).tolist()
    return [None if gone else _value(cell) for cell, gone in zip(cells, missing, strict=True)]


def _value(cell: Any) -> Any:
    if isinstance(cell, np.generic):
        cell = cell.item()
    return cell.isoformat() if hasattr(cell, "isoformat") else cell
