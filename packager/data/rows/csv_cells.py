"""Convert single CSV cells to values, by their kind; it needs no pandas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from packager.manifest.base import Kind
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

_TRUE = frozenset({"True", "TRUE", "true"})
_FALSE = frozenset({"False", "FALSE", "false"})
BOOLEANS = {**dict.fromkeys(_TRUE | {"1"}, True), **dict.fromkeys(_FALSE | {"0"}, False)}
INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
# No two adjacent parts can match the same character, so that a text that doesn't match is rejected
# in linear time.
NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_MAX_DIGITS = 4_300
"""Python parses no integers with more digits, and no column can hold them."""


def parse_cells(
    cells: Sequence[Any], kind: Kind, reader: TableReadOptions = DEFAULT_OPTIONS
) -> list[Any]:
    """Text cells as values of ``kind``, null as None; text that doesn't parse is unchanged."""
    make = _MAKERS.get(kind, _text)
    plain = reader.decimal in (None, ".") and reader.thousands is None
    parse = make if plain or kind not in ("number", "integer") else _unmarked(make, reader)
    return [None if cell is None or cell != cell else parse(cell) for cell in cells]


def is_integer(cell: Any) -> bool:
    """Whether a cell is text that pandas parses as an integer."""
    return isinstance(cell, str) and INTEGER.fullmatch(cell) is not None


def is_beyond_64_bits(cell: Any) -> bool:
    """Whether a cell is text that pandas parses as an integer below -2^63 or from 2^63 on."""
    if not is_integer(cell):
        return False
    whole = _integer(cell)
    return isinstance(whole, str) or not -(1 << 63) <= whole < 1 << 63


def _unmarked(make: Callable[[str], Any], reader: TableReadOptions) -> Callable[[str], Any]:
    """``make`` for cells with another decimal mark, or with thousands separators."""

    def parse(cell: str) -> Any:
        plain = cell.replace(reader.thousands, "") if reader.thousands else cell
        if reader.decimal and reader.decimal != ".":
            if "." in plain:
                return cell
            plain = plain.replace(reader.decimal, ".")
        value = make(plain)
        return cell if isinstance(value, str) else value

    return parse


def _number(cell: str) -> float | str:
    return float(cell) if NUMBER.fullmatch(cell) else cell


def _integer(cell: str) -> int | float | str:
    if INTEGER.fullmatch(cell):
        return int(cell) if len(cell) <= _MAX_DIGITS else _long_integer(cell)
    return _number(cell)


def _long_integer(cell: str) -> int | str:
    """A number with leading zeros or spaces; text if it has more digits than a column can hold."""
    sign, digits = cell.strip()[:1], cell.strip().lstrip("+-").lstrip("0")
    if len(digits) > _MAX_DIGITS:
        return cell
    return int(digits or "0") * (-1 if sign == "-" else 1)


def _boolean(cell: str) -> bool | str:
    return BOOLEANS.get(cell, cell)


def _json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _text(cell: str) -> str:
    return cell


_MAKERS: dict[Kind, Callable[[str], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "array": _json,
    "list": _json,
}
"""Kind → parser of a cell; the text of the other kinds is the value of a request."""
