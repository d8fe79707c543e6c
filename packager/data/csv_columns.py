"""Convert columns of CSV cells as they are declared; it needs pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelhost.text import display_value
from packager.data.iso_times import TimeKind, as_times, first_without_time
from packager.data.rows.csv_cells import BOOLEANS, INTEGER, NUMBER
from packager.errors import UsageError
from packager.manifest.base import Kind
from packager.manifest.read_options import TableReadOptions, toml_text

AS_TEXT: tuple[Kind, ...] = ("array", "list", "bytes", "date", "time", "decimal")
"""Kinds whose cells are text here, and are converted in ``declared.py``."""
_READ_AS_TEXT = ("string", "boolean", "datetime")
_EXPECTED = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true, false, 1 or 0",
    "datetime": "an ISO 8601 date or time, all with an offset or none",
}


def read_as(reader: TableReadOptions, names: Iterable[str]) -> dict[str, str]:
    """The dtypes in which pandas must read columns to lose nothing of the declared values."""
    return {name: "str" for name in names if reader.kind(name) in (*_READ_AS_TEXT, *AS_TEXT)}


def as_declared(
    frame: pd.DataFrame,
    reader: TableReadOptions,
    path: Path,
    *,
    dtypes: Mapping[str, Any],
    times: Mapping[str, TimeKind] | None = None,
    first: int = 0,
) -> pd.DataFrame:
    """``frame`` with declared columns converted, and text columns of times as times.

    Columns of ``dtypes`` and of the kinds ``AS_TEXT`` are unchanged. If ``frame`` is a part of a
    table, ``times`` are the kinds of its time columns in the whole table, and ``first`` is the
    number of its first row. Raises ``UsageError`` for a cell that does not match its column's
    declaration.
    """
    for name in frame.columns:
        kind = reader.kind(name)
        if name in dtypes or kind in ("string", "any", *AS_TEXT):
            continue
        column = frame[name]
        if kind is None or kind == "datetime":
            parsed = as_times(column, (times or {}).get(name)) if _is_text(column) else None
            if parsed is not None:
                frame[name] = parsed[1]
                continue
        if kind is not None and column.notna().any():
            wrong = _CHECKS[kind](column)
            if wrong is not None:
                raise _refusal(name, kind, column.iloc[wrong], first + wrong, path)
            frame[name] = _MADE[kind](column)
    return frame


def _is_text(column: pd.Series[Any]) -> bool:
    return not (
        pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)
    )


def _refusal(name: str, kind: str, cell: Any, row: int, path: Path) -> UsageError:
    return UsageError(
        f"{path}: row {row}, column {name!r}: expected {_EXPECTED[kind]}, as declared, "
        f"got {display_value(cell)}",
        f"fix the cell, leave it empty, or set under [data.columns] of package.toml: "
        f'{toml_text(name)} = {{ kind = "string" }}',
    )


def _no_number(column: pd.Series[Any]) -> int | None:
    if pd.api.types.is_bool_dtype(column.dtype):
        return 0
    if pd.api.types.is_numeric_dtype(column.dtype):
        return None
    return _first(column, lambda cell: isinstance(cell, str) and not NUMBER.fullmatch(cell))


def _no_integer(column: pd.Series[Any]) -> int | None:
    if pd.api.types.is_integer_dtype(column.dtype):
        return None
    if pd.api.types.is_float_dtype(column.dtype):
        odd = (column % 1 != 0) & column.notna()
        return int(odd.to_numpy().argmax()) if odd.any() else None
    wrong = _no_number(column)
    if wrong is not None:
        return wrong
    return _first(column, lambda cell: isinstance(cell, str) and not INTEGER.fullmatch(cell))


def _no_boolean(column: pd.Series[Any]) -> int | None:
    return _first(column, lambda cell: cell not in BOOLEANS)


def _first(column: pd.Series[Any], wrong: Callable[[Any], bool]) -> int | None:
    """The position of the first value that is ``wrong``; None if there is none."""
    codes, values = pd.factorize(column.to_numpy(dtype=object))
    bad = np.append([wrong(value) for value in values], False).astype(bool)[codes]
    return int(bad.argmax()) if bad.any() else None


def _as_booleans(column: pd.Series[Any]) -> pd.Series[Any]:
    booleans = column.astype(object).map(BOOLEANS, na_action="ignore")
    return booleans.astype(object) if column.isna().any() else booleans.astype(bool)


def _same(column: pd.Series[Any]) -> pd.Series[Any]:
    return column


_CHECKS: dict[str, Callable[[pd.Series[Any]], int | None]] = {
    "number": _no_number,
    "integer": _no_integer,
    "boolean": _no_boolean,
    "datetime": first_without_time,
}
_MADE: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    "number": lambda column: column.astype("float64"),
    "integer": _same,
    "boolean": _as_booleans,
    "datetime": _same,
}
