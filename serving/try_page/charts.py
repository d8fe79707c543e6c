"""HTML and SVG of numbers and names: bars, strips of bins, lines of quantiles.

Positions are attributes of SVG, so that the page needs no styles of single elements, which its
policy forbids.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from packager.text import escape_markup

MAX_TEXT = 2_000
"""Characters of a text that is shown."""
NOTHING = "-"


def shown(value: Any) -> str:
    """Any value of an answer as escaped text: numbers with six digits."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else escape_markup(str(value)[:MAX_TEXT])
    if isinstance(value, float):
        return _real(value)
    text = str(value)
    return escape_markup(text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…")


def _real(value: float) -> str:
    if not math.isfinite(value):
        return NOTHING
    if not 1e5 <= abs(value) < 1e15:
        return f"{value:,.6g}"
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"


def percent(share: float | None) -> str:
    """A share (0 to 1) as ``12.3 %``."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{100 * share:.1f} %"


def tag(name: str, content: str, kind: str = "") -> str:
    """An element of a class, around HTML."""
    return f'<{name} class="{kind}">{content}</{name}>' if kind else f"<{name}>{content}</{name}>"


def bar(name: str, share: float | None, *, chosen: bool) -> str:
    """An item of a list: a name, a bar of a share (0 to 1), and the share in words."""
    width = 100 * min(1.0, max(0.0, share)) if share is not None and math.isfinite(share) else 0
    drawing = (
        '<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="room" width="100" height="1"/><rect width="{width:.2f}" height="1"/></svg>'
    )
    kind = ' class="chosen"' if chosen else ""
    return f"<li{kind}><span>{shown(name)}</span>{drawing}<b>{percent(share)}</b></li>"


def strip(shares: Sequence[float], here: int) -> str:
    """A histogram of shares, with the bar ``here`` marked."""
    most = max(shares) or 1.0
    bars = []
    for index, share in enumerate(shares):
        height = max(0.6, 16 * share / most)
        kind = ' class="here"' if index == here else ""
        bars.append(
            f'<rect{kind} x="{10 * index + 1}" y="{16 - height:.2f}" width="8" '
            f'height="{height:.2f}"/>'
        )
    return (
        f'<svg class="strip" viewBox="0 0 {10 * len(shares)} 16" preserveAspectRatio="none" '
        f'aria-hidden="true">{"".join(bars)}</svg>'
    )


def interval(values: Sequence[float | None]) -> str:
    """A line from the least to the greatest of the quantiles, with a mark at each of them."""
    finite = sorted(v for v in values if v is not None and math.isfinite(v))
    if len(finite) < 2 or finite[0] == finite[-1]:
        return ""
    low, width = finite[0], finite[-1] - finite[0]
    places = [1 + 98 * (value - low) / width for value in finite]
    marks = "".join(
        f'<line x1="{at:.2f}" x2="{at:.2f}" y1="1" y2="7" class="mark"/>' for at in places
    )
    return (
        '<svg class="interval" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<line x1="1" x2="99" y1="4" y2="4"/>{marks}</svg>'
    )


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """A table of names and values, both escaped."""
    cells = "".join(
        f'<tr><th scope="row"><span>{name}</span></th><td class="number">{value}</td></tr>'
        for name, value in rows
    )
    return f'<div class="scroll"><table><tbody>{cells}</tbody></table></div>'


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of several columns, all escaped; the first names the row."""
    first, *others = heads
    names = f'<th scope="col">{first}</th>'
    names += "".join(f'<th scope="col" class="number">{head}</th>' for head in others)
    body = "".join(
        f'<tr><th scope="row"><span>{row[0]}</span></th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'
