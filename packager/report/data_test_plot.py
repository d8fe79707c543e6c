"""Parts of the plots on the page of a test on new data: scales, axes, captions and tables.

Plots are SVG without a view box: x is in percent of the width, so that a plot fills a phone and a
desk alike and its letters keep their size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packager.report.numbers import number
from packager.report.page import table_box
from packager.report.table import Cell
from packager.text import escape_markup, visible

MAX_LABEL = 80
"""Characters of a name on the page; report.json has all."""
MAX_CELL = 120
"""Characters of a cell of a table below a plot."""
MAX_SENTENCE = 500
MAX_TABLE = 600
"""Rows of a table; report.json has all."""
TICKS = 4
_NUMBER = re.compile(r"-|[<+-]?[\d.,]+(e[+-]\d+)?( %| points)?")


@dataclass(frozen=True)
class Scale:
    """Values from ``low`` to ``high`` as percent of a plot's width."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None], margin: float = 0.04) -> Scale:
        """A scale that holds every finite value, with ``margin`` (a share) at both ends."""
        known = [value for value in values if value is not None and math.isfinite(value)]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        span = (high - low) or abs(high) * 0.2 or 1.0
        return cls(low - margin * span, high + margin * span)

    def at(self, value: float) -> float:
        """Percent of the width, 0 to 100; values beyond the ends lie at the ends."""
        if math.isnan(value):
            return 0.0
        return min(100.0, max(0.0, 100 * (value - self.low) / (self.high - self.low)))

    def ticks(self) -> list[float]:
        """Round values within the scale, about ``TICKS`` of them."""
        raw = (self.high - self.low) / TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * 0.999)
        first = math.ceil(self.low / step)
        return [index * step for index in range(first, math.floor(self.high / step) + 1)]


def axis(scale: Scale) -> str:
    """The labels of a scale: an SVG of one line of text."""
    texts = "".join(
        f'<text x="{scale.at(value):.2f}%" y="11" text-anchor="{anchor(scale.at(value))}">'
        f"{tick(value)}</text>"
        for value in scale.ticks()
    )
    return f'<svg class="axis" width="100%" height="15" aria-hidden="true">{texts}</svg>'


def grid(scale: Scale, height: int) -> str:
    """Vertical lines at the ticks of a scale."""
    return "".join(
        f'<line class="grid" x1="{x:.2f}%" y1="0" x2="{x:.2f}%" y2="{height}"/>'
        for x in map(scale.at, scale.ticks())
    )


def anchor(percent: float) -> str:
    """Anchor of a text at this position that keeps it within the plot."""
    return "start" if percent < 6 else "end" if percent > 94 else "middle"


def tick(value: float) -> str:
    """A short number: ``0.85``."""
    return f"{0.0 if abs(value) < 1e-12 else value:.6g}"


def drawing(title: str, shapes: str, height: int, kind: str = "") -> str:
    """An SVG as wide as its place, with its content in words (``title``, text)."""
    return (
        f'<svg class="{f"wide {kind}".strip()}" width="100%" height="{height}" role="img">'
        f"<title>{words(title, MAX_SENTENCE)}</title>{shapes}</svg>"
    )


def words(text: str, most: int = MAX_LABEL) -> str:
    """Untrusted text as HTML; the middle of a long one is left out."""
    return escape_markup(shortened(text, most))


def shortened(text: str, most: int = MAX_LABEL) -> str:
    """``text``, with its middle replaced by an ellipsis if it has more characters than ``most``."""
    plain = visible(text)
    half = most // 2
    return plain if len(plain) <= most else f"{plain[: most - half - 1]}…{plain[-half:]}"


def data_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table below a plot, folded."""
    cells = [[shortened(c, MAX_CELL) if isinstance(c, str) else c for c in row] for row in rows]
    more = len(cells) - MAX_TABLE
    note = f'<p class="note">{number(more)} more are in report.json.</p>' if more > 0 else ""
    right = [heads[i] for i in range(1, len(heads)) if all(map(_is_number, (r[i] for r in cells)))]
    table = table_box(title, heads, cells[:MAX_TABLE], right)
    return folded(f"Table: {title}", f"{table}{note}") if table else ""


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str) or _NUMBER.fullmatch(cell) is not None


def folded(summary: str, content: str) -> str:
    """Content (HTML) that opens; ``summary`` is text."""
    return f"<details><summary>{words(summary, MAX_SENTENCE)}</summary>{content}</details>"


def figure(caption: str, content: str) -> str:
    """A plot (HTML) with its caption (text), which says how to read it."""
    return f"<figure><figcaption>{words(caption, MAX_SENTENCE)}</figcaption>{content}</figure>"


def part(name: str, title: str, content: str, badge: str = "") -> str:
    """A section that ``#name`` leads to; empty if ``content`` (HTML) is empty."""
    if not content:
        return ""
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{words(title)}{badge}</h2>{content}</section>'
    )
