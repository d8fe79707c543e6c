"""What pages that are written as files may do: be read."""

from __future__ import annotations

import unicodedata
from html import escape

from packager.text import escape_control_characters

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'\">"
)
"""Nothing of such a page runs, loads or sends, whatever values stand in it."""
MAX_MARKS = 4
"""Combining marks of one letter: no language writes more."""


def shown(text: str) -> str:
    """``text`` from data as HTML or SVG has it, in an attribute too."""
    return escape(visible(text))


def visible(text: str) -> str:
    """``text`` that stays in its place on a page.

    Characters that are invisible, have no place in XML or turn the direction of others are written
    as escapes, and so are marks above a letter after the fourth, which pile up over other lines.
    """
    plain = escape_control_characters(text)
    if plain.isascii():
        return plain
    found, marks = [], 0
    for letter in plain:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        found.append(letter if marks <= MAX_MARKS else ascii(letter)[1:-1])
    return "".join(found)
