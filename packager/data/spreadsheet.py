"""Cells of CSV that people open: text that a spreadsheet would run as a formula is kept text.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end for a
formula, which may fetch addresses or start programs. An apostrophe in front makes it text.
Numbers stay as they are. Nothing is lost: ``unescaped`` takes back exactly what ``escaped`` adds.
"""

from __future__ import annotations

import re
from typing import Any

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the same signs in full width, which some versions take as well."""
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
TEXT_MARK = "'"


def escaped(cell: Any) -> Any:
    """``cell`` as a spreadsheet may have it; what is no text stays as it is."""
    return f"{TEXT_MARK}{cell}" if isinstance(cell, str) and _runs(cell) else cell


def unescaped(cell: str) -> str:
    """What ``escaped`` was given."""
    return cell[1:] if cell.startswith(TEXT_MARK) and _runs(cell) else cell


def _runs(text: str) -> bool:
    """Whether a spreadsheet would take ``text`` for a formula, marks in front left aside."""
    bare = text.lstrip(TEXT_MARK)
    # Spaces in front don't stop every spreadsheet; a lone sign is no formula, and no number.
    return (
        bare.lstrip(" ").startswith(FORMULA_PREFIXES) and NUMBER.fullmatch(bare.strip(" ")) is None
    )
