"""Tables of a model card, before they become HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from packager.report.table import Cell


@dataclass(frozen=True)
class CardTable:
    """A table."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[str, ...] = ()
    """Heads of text columns that are right-aligned."""
