"""Text of several lines as HTML for a notebook."""

from __future__ import annotations

from packager.text import escape_markup


def preformatted(text: str, style: str = "overflow:auto") -> str:
    """``text`` with its lines and columns; everything else in it is escaped."""
    lines = "\n".join(escape_markup(line) for line in text.splitlines())
    return f'<pre style="{style}">{lines}</pre>'
