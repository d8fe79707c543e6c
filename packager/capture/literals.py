"""Values that can be written as a constant."""

from __future__ import annotations

import ast
import math
from typing import Any

MAX_LITERAL = 4096
"""Characters of a constant: more is data, which belongs into a file."""


def literal_text(value: Any) -> str | None:
    """Python that evaluates to a value equal to ``value``, of the same types; None without one.

    Numbers, text, bytes, booleans, None, and tuples, lists, sets and mappings of these.
    """
    if not _is_plain(value):
        return None
    text = repr(value)
    if len(text) > MAX_LITERAL:
        return None
    try:
        again = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _of_special(value)
    return text if type(again) is type(value) and again == value else None


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether ``value`` consists of Python's own values: a NumPy number is none."""
    if depth > 20:
        return False
    if type(value) in (tuple, list, set, frozenset):
        return all(_is_plain(one, depth + 1) for one in value)
    if type(value) is dict:
        return all(_is_plain(one, depth + 1) for pair in value.items() for one in pair)
    return value is None or type(value) in (bool, int, float, complex, str, bytes)


def _of_special(value: Any) -> str | None:
    """The text of a float that is no number, or infinite."""
    if type(value) is float and not math.isfinite(value):
        return f"float({str(value)!r})"
    return f"frozenset({set(value)!r})" if type(value) is frozenset and value else None
