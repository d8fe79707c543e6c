"""Common parts of the generated pages: tables of Markdown, and the note at their top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NOTE = (
    "`make reference` writes this page from the code; `tests/test_reference_docs.py` fails while it"
    " is stale. Don't edit it."
)


def page(title: str, *parts: str) -> str:
    """A page of these parts, an empty line between them."""
    return "\n\n".join([f"# {title}", NOTE, *(part.strip("\n") for part in parts)]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown."""
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *(f"| {' | '.join(map(cell, row))} |" for row in rows)])


def cell(text: str) -> str:
    """Markdown on one line, with the bars escaped that would end a cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def code(text: str) -> str:
    """A span of code."""
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Words of a help as Markdown: options are code, and what would be markup is escaped."""
    text = re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"`\1`", text)
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*<]|\b_|_\b)", r"\\\1", part) for part in parts
    )
