"""Values in messages: on one line, and short."""

from __future__ import annotations

import struct
import sys
from itertools import accumulate
from typing import Any, Sequence

MAX_DISPLAYED = 80
"""Characters of a value that a message shows."""


def truncate(text: str, most: int = MAX_DISPLAYED) -> str:
    """``text``, cut to ``most`` characters including a final ellipsis if it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def display_value(value: Any) -> str:
    """The ``repr`` of a value on one line, cut to 80 characters."""
    numpy = sys.modules.get("numpy")  # if it is not imported, no value is of its types
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    return repr(truncate(value)) if isinstance(value, str) else truncate(repr(value))


def class_text(label: Any) -> str:
    """The text by which answers name a class: booleans as in JSON."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def number_name(value: float) -> str:
    """The shortest text of ``value`` alone, which names a quantile in an answer."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def part_ends(parts: Sequence[Any]) -> bytes:
    """The end of each part in all of them joined: little-endian int64."""
    return struct.pack(f"<{len(parts)}q", *accumulate(map(len, parts)))


def joined_ascii(values: Sequence[Any]) -> bytes | None:
    """The joined values if all are text in ASCII, of which a character is a byte; else None."""
    try:
        joined = "".join(values)
    except TypeError:
        return None
    return joined.encode("ascii") if joined.isascii() else None
