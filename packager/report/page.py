"""Common parts of the HTML pages that commands write: skeleton, style, tables.

A page is one file for small screens and dark mode, too, without external resources or scripts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from packager.report.numbers import number
from packager.report.table import Cell, is_numeric, is_value
from packager.text import escape_markup

STYLE = Path(__file__).with_name("page.css")
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""The Content-Security-Policy of a page: no scripts, no external resources, no forms; pictures are
in the page."""
MAX_WORD = 24
"""Cells of at most this many characters are not wrapped."""


def page(
    kind: str,
    title: str,
    body: Iterable[str],
    facts: Mapping[str, str] = {},
    footer: str = "",
    style: str = "",
) -> str:
    """A whole page.

    ``body`` is HTML and ``style`` more CSS; all other arguments are text, which is escaped here.
    """
    pairs = "".join(
        f"<div><dt>{escape_markup(k)}</dt><dd>{escape_markup(v)}</dd></div>"
        for k, v in facts.items()
    )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape_markup(f'{kind}: {title}')}</title>",
            f"<style>{STYLE.read_text(encoding='utf-8')}{style}</style></head><body>",
            f'<header><p class="kind">{escape_markup(kind)}</p><h1>{escape_markup(title)}</h1>',
            f'<dl class="facts">{pairs}</dl></header>' if pairs else "</header>",
            "<main>",
            *(part for part in body if part),
            "</main>",
            f"<footer><code>{escape_markup(footer)}</code></footer>" if footer else "",
            "</body></html>",
            "",
        ]
    )


def section(title: str, content: str) -> str:
    """A section with a heading; empty if ``content`` (HTML) is empty."""
    return f"<section><h2>{escape_markup(title)}</h2>{content}</section>" if content else ""


def html_table(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    right: Collection[str] = (),
) -> str:
    """A section with a table; empty without rows: see ``table_box``."""
    return section(title, table_box(title, heads, rows, right))


def table_box(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    right: Collection[str] = (),
) -> str:
    """A table in a box of its own that scrolls; empty without rows. Screen readers read ``title``.

    The first column labels the row and stays visible when the others scroll. Numbers are rounded
    uniformly and right-aligned, as are columns that ``right`` names. Columns without a value in
    any row are omitted.
    """
    cells = [list(row) for row in rows]
    filled = [i for i, _ in enumerate(heads) if any(is_value(row[i]) for row in cells)]
    if not filled:
        return ""
    kinds = [_kind(heads[i] in right, [row[i] for row in cells]) for i in filled]
    names = "".join(
        f'<th scope="col" class="{kind}">{escape_markup(heads[i])}</th>'
        for i, kind in zip(filled, kinds, strict=True)
    )
    body = "".join(f"<tr>{_cells([row[i] for i in filled], kinds)}</tr>" for row in cells)
    return (
        f'<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape_markup(title)}"><table>'
        f"<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _kind(to_the_right: bool, cells: Sequence[Cell]) -> str:
    """CSS class of a column's cells: ``number``, ``word`` (not wrapped) or ``text``."""
    if to_the_right or is_numeric(cells):
        return "number"
    short = all(len(cell) <= MAX_WORD for cell in cells if isinstance(cell, str))
    return "word" if short else "text"


def _cells(row: Sequence[Cell], kinds: Sequence[str]) -> str:
    texts = [escape_markup(cell if isinstance(cell, str) else number(cell)) for cell in row]
    first = f'<th scope="row" class="{kinds[0]}"><span>{texts[0]}</span></th>'
    rest = zip(texts[1:], kinds[1:], strict=True)
    return first + "".join(f'<td class="{kind}">{text}</td>' for text, kind in rest)
