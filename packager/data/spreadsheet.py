"""Escape CSV cells that a spreadsheet would run as a formula.

A spreadsheet interprets a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end as
a formula, which may fetch addresses or start programs. A leading apostrophe makes it text. Numbers
are unchanged. The escape is lossless: ``unescaped`` removes exactly what ``escaped`` adds.
"""

from __future__ import annotations

import re
from typing import Any

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are full-width forms of the signs, which some spreadsheets accept too."""
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
TEXT_MARK = "'"


def escaped(cell: Any) -> Any:
    """``cell`` with formulas escaped; anything but text is unchanged."""
    return f"{TEXT_MARK}{cell}" if isinstance(cell, str) and _runs(cell) else cell


def unescaped(cell: str) -> str:
    """The inverse of ``escaped`` for text."""
    return cell[1:] if cell.startswith(TEXT_MARK) and _runs(cell) else cell


def _runs(text: str) -> bool:
    """Whether ``text``, without leading marks, would be a formula in a spreadsheet."""
    bare = text.lstrip(TEXT_MARK)
    # Some spreadsheets ignore leading spaces; a signed number is not a formula.
    return (
        bare.lstrip(" ").startswith(FORMULA_PREFIXES) and NUMBER.fullmatch(bare.strip(" ")) is None
    )
