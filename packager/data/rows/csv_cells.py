"""Convert CSV cells to values: columns by their declaration, single cells by their kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelhost.text import display_value
from packager.data.rows.iso_times import TimeKind, as_times, first_without_time
from packager.errors import UsageError
from packager.manifest.base import Kind
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions, toml_text

_TRUE = frozenset({"True", "TRUE", "true"})
_FALSE = frozenset({"False", "FALSE", "false"})
_BOOLEANS = {**dict.fromkeys(_TRUE | {"1"}, True), **dict.fromkeys(_FALSE | {"0"}, False)}
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
# No two adjacent parts can match the same character, so that a text that doesn't match is rejected
# in linear time.
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_MAX_DIGITS = 4_300
"""Python parses no integers with more digits, and no column can hold them."""
_EXPECTED = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true, false, 1 or 0",
    "datetime": "an ISO 8601 date or time, all with an offset or none",
}


def parse_cells(
    cells: Sequence[Any], kind: Kind, reader: TableReadOptions = DEFAULT_OPTIONS
) -> list[Any]:
    """Text cells as values of ``kind``, null as None; text that doesn't parse is unchanged."""
    make = {"number": _number, "integer": _integer, "boolean": _boolean}.get(kind, _text)
    plain = reader.decimal in (None, ".") and reader.thousands is None
    parse = make if plain or kind not in ("number", "integer") else _unmarked(make, reader)
    return [None if cell is None or cell != cell else parse(cell) for cell in cells]


def is_integer(cell: Any) -> bool:
    """Whether a cell is text that pandas parses as an integer."""
    return isinstance(cell, str) and _INTEGER.fullmatch(cell) is not None


def is_beyond_64_bits(cell: Any) -> bool:
    """Whether a cell is text that pandas parses as an integer below -2^63 or from 2^63 on."""
    if not is_integer(cell):
        return False
    whole = _integer(cell)
    return isinstance(whole, str) or not -(1 << 63) <= whole < 1 << 63


def read_as(reader: TableReadOptions, names: Iterable[str]) -> dict[str, str]:
    """The dtypes in which pandas must read columns to lose nothing of the declared values."""
    texts = ("string", "boolean", "datetime")
    return {name: "str" for name in names if reader.kind(name) in texts}


def as_declared(
    frame: pd.DataFrame,
    reader: TableReadOptions,
    place: Path,
    *,
    given: Mapping[str, Any],
    times: Mapping[str, TimeKind] | None = None,
    first: int = 0,
) -> pd.DataFrame:
    """``frame`` with declared columns converted, and text columns of times as times.

    Columns of ``given`` are unchanged. If ``frame`` is a part of a table, ``times`` are the kinds
    of its time columns in the whole table, and ``first`` is the number of its first row. Raises
    ``UsageError`` for a cell that does not match its column's declaration.
    """
    for name in frame.columns:
        kind = reader.kind(name)
        if name in given or kind in ("string", "any"):
            continue
        column = frame[name]
        if kind is None or kind == "datetime":
            found = as_times(column, (times or {}).get(name)) if _is_text(column) else None
            if found is not None:
                frame[name] = found[1]
                continue
        if kind is not None and column.notna().any():
            wrong = _CHECKS[kind](column)
            if wrong is not None:
                raise _refusal(name, kind, column.iloc[wrong], first + wrong, place)
            frame[name] = _MADE[kind](column)
    return frame


def _is_text(column: pd.Series[Any]) -> bool:
    return not (
        pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)
    )


def _refusal(name: str, kind: str, cell: Any, row: int, place: Path) -> UsageError:
    return UsageError(
        f"{place}: row {row}, column {name!r}: expected {_EXPECTED[kind]}, as declared, "
        f"got {display_value(cell)}",
        f"fix the cell, leave it empty, or set under [data.columns] of package.toml: "
        f'{toml_text(name)} = {{ kind = "string" }}',
    )


def _no_number(column: pd.Series[Any]) -> int | None:
    if pd.api.types.is_bool_dtype(column.dtype):
        return 0
    if pd.api.types.is_numeric_dtype(column.dtype):
        return None
    return _first(column, lambda cell: isinstance(cell, str) and not _NUMBER.fullmatch(cell))


def _no_integer(column: pd.Series[Any]) -> int | None:
    if pd.api.types.is_integer_dtype(column.dtype):
        return None
    if pd.api.types.is_float_dtype(column.dtype):
        odd = (column % 1 != 0) & column.notna()
        return int(odd.to_numpy().argmax()) if odd.any() else None
    wrong = _no_number(column)
    if wrong is not None:
        return wrong
    return _first(column, lambda cell: isinstance(cell, str) and not _INTEGER.fullmatch(cell))


def _no_boolean(column: pd.Series[Any]) -> int | None:
    return _first(column, lambda cell: cell not in _BOOLEANS)


def _first(column: pd.Series[Any], wrong: Callable[[Any], bool]) -> int | None:
    """The position of the first value that is ``wrong``; None if there is none."""
    codes, values = pd.factorize(column.to_numpy(dtype=object))
    bad = np.append([wrong(value) for value in values], False).astype(bool)[codes]
    return int(bad.argmax()) if bad.any() else None


def _as_booleans(column: pd.Series[Any]) -> pd.Series[Any]:
    found = column.astype(object).map(_BOOLEANS, na_action="ignore")
    return found.astype(object) if column.isna().any() else found.astype(bool)


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


def _unmarked(make: Callable[[str], Any], reader: TableReadOptions) -> Callable[[str], Any]:
    """``make`` for cells with another decimal mark, or with thousands separators."""

    def parse(cell: str) -> Any:
        plain = cell.replace(reader.thousands, "") if reader.thousands else cell
        if reader.decimal and reader.decimal != ".":
            if "." in plain:
                return cell
            plain = plain.replace(reader.decimal, ".")
        found = make(plain)
        return cell if isinstance(found, str) else found

    return parse


def _number(cell: str) -> float | str:
    return float(cell) if _NUMBER.fullmatch(cell) else cell


def _integer(cell: str) -> int | float | str:
    if _INTEGER.fullmatch(cell):
        return int(cell) if len(cell) <= _MAX_DIGITS else _long_integer(cell)
    return _number(cell)


def _long_integer(cell: str) -> int | str:
    """A number with leading zeros or spaces; text if it has more digits than a column can hold."""
    sign, digits = cell.strip()[:1], cell.strip().lstrip("+-").lstrip("0")
    if len(digits) > _MAX_DIGITS:
        return cell
    return int(digits or "0") * (-1 if sign == "-" else 1)


def _boolean(cell: str) -> bool | str:
    return _BOOLEANS.get(cell, cell)


def _text(cell: str) -> str:
    return cell
