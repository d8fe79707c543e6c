"""A model card as Markdown, for hubs and repositories of models."""

from __future__ import annotations

import re

from packager.report.card import ModelCard
from packager.report.card_tables import CardTable
from packager.report.numbers import number
from packager.text import visible

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!$&])")
"""Characters that Markdown or the HTML in it could read as markup."""
BEGINNING = re.compile(r"^(\d*)([-+=.)])(?=\s|$|[-=])")
"""The beginning of a list or a rule, at the beginning of a line."""


def as_markdown(card: ModelCard) -> str:
    """The whole card. The package's texts are escaped."""
    facts = CardTable(("fact", "value"), tuple(card.facts.items()))
    parts = [f"# {_plain(card.title)}", _plain(card.lead), _table(facts)]
    for block in card.blocks:
        parts += [f"## {_plain(block.title)}", *map(_plain, block.paragraphs)]
        parts += [_table(table) for table in block.tables if table.rows]
    return "\n\n".join([*parts, f"`{card.footer}`"]) + "\n"


def _table(table: CardTable) -> str:
    rows = [
        [_cell(cell if isinstance(cell, str) else number(cell)) for cell in row]
        for row in table.rows
    ]
    lines = [[_cell(head) for head in table.heads], ["---"] * len(table.heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return "<br>".join(_plain(line) for line in text.splitlines() if line.strip())


def _plain(text: str) -> str:
    line = SPECIAL.sub(r"\\\1", visible(" ".join(text.split())))
    return BEGINNING.sub(r"\1\\\2", line)
