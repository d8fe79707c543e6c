"""Cells and labels in messages: never longer than a line."""

from __future__ import annotations

import html
import json
import sys
import unicodedata
from collections.abc import Mapping
from itertools import islice
from typing import Any

MAX_DISPLAYED = 80
"""Characters of a value that a message shows."""


MAX_MARKS = 4
"""Combining marks of one letter: no language writes more."""
MAX_BITS = 14_000
"""Of a whole number that is shown; Python writes none of more than 4,300 digits."""


def truncate(text: str, most: int = MAX_DISPLAYED) -> str:
    """``text``, cut to ``most`` characters with an ellipsis at the end where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def beginning(value: Any, most: int = MAX_DISPLAYED) -> Any:
    """A JSON value whose JSON has the same first ``most`` characters, made of little of it.

    What no message shows isn't written as text first, however large it is.
    """
    return _begun(value, most, [most + 1])


def _begun(value: Any, most: int, left: list[int]) -> Any:
    """``left``: values that are still to be shown; each is a character at least."""
    left[0] -= 1
    if isinstance(value, str):
        return value[: most + 1]
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return f"a whole number of {value.bit_length()} bits"
    if left[0] < 0:
        return None
    if isinstance(value, Mapping):
        some = islice(value.items(), most)
        return {_begun(name, most, left): _begun(inner, most, left) for name, inner in some}
    if isinstance(value, list | tuple):
        return [_begun(inner, most, left) for inner in islice(value, most)]
    return value


def display_value(value: Any) -> str:
    """A value as code has it, on one line and cut to 80 characters."""
    numpy = sys.modules.get("numpy")  # where it is not imported, no value is one of its
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    return repr(truncate(value)) if isinstance(value, str) else truncate(repr(value))


def escape_control_characters(text: str) -> str:
    """Text that comes from data, fit for a terminal: what isn't printable is written as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable(text: str) -> str:
    """``text`` without what a terminal obeys: all but printable characters, line ends and tabs
    as JSON escapes, so that JSON stays the same JSON."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text)


def escape_in_literal(text: str) -> str:
    """A literal of Python, TOML, PromQL or YAML (in double quotes) without invisible characters.

    All but printable characters and line ends become ``\\uXXXX`` or ``\\UXXXXXXXX``, which the
    four read back as the same text. In JSON, ``printable`` does this.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _code(c) for c in text)


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def escape_markup(text: str) -> str:
    """Text that comes from data, fit for HTML and SVG: it cannot reorder what is around it."""
    return html.escape(visible(text))


def visible(text: str) -> str:
    """Text that comes from data, which stays in its place on a page.

    Characters that are not printable, those that turn the direction of text among them, are
    written as escapes, and so are marks above a letter that would pile up over other lines.
    """
    plain = escape_control_characters(text)
    if plain.isascii():
        return plain
    found, marks = [], 0
    for letter in plain:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        found.append(letter if marks <= MAX_MARKS else ascii(letter)[1:-1])
    return "".join(found)


def format_bytes(size: int) -> str:
    """``1.2 MB``: decimal units, one digit after the point."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def format_number(value: float) -> str:
    """Four significant digits, all digits before the point, and commas: ``0.9570``, ``1,235``.

    A whole number (``int``) has all its digits. Below 0.0001 and from 10^12 on with an exponent.
    """
    size = abs(value)
    if isinstance(value, int) and size < 10**12:
        return f"{value:,}"
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e12:
        return f"{value:.3e}"
    return f"{value:,.0f}" if size >= 999.95 else f"{value:#.4g}"
