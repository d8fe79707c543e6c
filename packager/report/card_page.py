"""A model card as an HTML page: one file for a phone, a desk and a printer."""

from __future__ import annotations

from pathlib import Path

from packager.report.card import CardBlock, ModelCard
from packager.report.card_tables import CardTable
from packager.report.numbers import number
from packager.report.page import page, section, table_box
from packager.report.table import Cell
from packager.text import escape_markup

STYLE = Path(__file__).with_name("card.css")


def as_page(card: ModelCard) -> str:
    """The whole page. The package's texts are escaped."""
    body = [f'<p class="lead">{escape_markup(card.lead)}</p>', *map(_section, card.blocks)]
    style = STYLE.read_text(encoding="utf-8")
    return page("Model card", card.title, body, card.facts, card.footer, style)


def _section(block: CardBlock) -> str:
    paragraphs = "".join(
        f'<p class="about">{escape_markup(paragraph)}</p>' for paragraph in block.paragraphs
    )
    return section(block.title, paragraphs + "".join(_table(block.title, t) for t in block.tables))


def _table(title: str, table: CardTable) -> str:
    if len(table.heads) == 2:
        return _pairs(table)
    return table_box(title, table.heads, table.rows, table.right)


def _pairs(table: CardTable) -> str:
    """A table of two columns as names and values, below each other on a small screen."""
    pairs = "".join(
        f"<div><dt>{escape_markup(str(name))}</dt><dd>{_value(value)}</dd></div>"
        for name, value in table.rows
    )
    return f'<dl class="pairs">{pairs}</dl>' if pairs else ""


def _value(value: Cell) -> str:
    """A value; its empty lines begin paragraphs."""
    text = value if isinstance(value, str) else number(value)
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p>{escape_markup(part)}</p>" for part in paragraphs)
