"""Text, numbers and tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packager.text import format_number, visible

MAX_TEXT = 300
"""Characters of a name or a sentence."""
NO_VALUE = "-"
_SPECIAL = re.compile(
    r"^[^A-Za-z0-9]|^\d(?=\d*[.)](\s|$))|[^\w\s,;%+=.:()/'\u0080-\U0010ffff-]"
    r"|(?<![^\W_])_|_(?![^\W_])|:(?!\s)|(?i:(?<=www)\.)",
    re.ASCII,
)
"""Characters that mean something in Markdown: anywhere, at the start, or in an address."""


def escaped(text: str) -> str:
    """Untrusted text that is text in Markdown, in a table too, and mentions nobody.

    What could mean something becomes a character reference, which has no meaning in Markdown; a
    zero-width space keeps ``@name`` and ``#1`` from becoming links.
    """
    plain = visible(text)
    cut = plain if len(plain) <= MAX_TEXT else f"{plain[: MAX_TEXT - 1]}…"
    return _SPECIAL.sub(_reference, cut)


def _reference(match: re.Match[str]) -> str:
    letter = match.group()
    return f"&#{ord(letter)};" + ("&#8203;" if letter in "@#" else "")


def table_lines(heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A table, a line each; cells are Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def signed(value: float | None, *, sign: bool = False) -> str:
    """A number, with ``+`` if ``sign``; ``-`` for None."""
    if value is None:
        return NO_VALUE
    return ("+" if sign and value > 0 else "") + format_number(value)
