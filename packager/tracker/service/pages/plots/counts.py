"""Numbers of things by kind: a bar for each."""

from __future__ import annotations

import math

from markupsafe import Markup

from packager.tracker.core.plot import CountedRow, CountsPlot
from packager.tracker.service.pages.formatting import percent
from packager.tracker.service.pages.plots.drawing import Drawing, label, row, value_text

MAX_DRAWN = 24


def draw_counts(plot: CountsPlot) -> Drawing:
    """Bars by the square root of the counts, so that one thing of many is visible."""
    drawn = plot.rows[:MAX_DRAWN]
    highest = math.sqrt(max(one.count for one in drawn)) or 1.0
    caption = (
        f"Of {value_text(plot.total)} {plot.unit}. The length of a bar is the square root of the"
        " number."
    )
    if len(plot.rows) > MAX_DRAWN:
        caption += f" Drawn are the first {MAX_DRAWN} of {len(plot.rows)} kinds."
    rows = [
        row(one.name, _bar(one, highest), _values(one, plot), subject=one.subject) for one in drawn
    ]
    return Drawing(
        html=Markup('<div class="bins">{}</div>').format(Markup("").join(rows)),
        caption=caption,
        legend=[("after", "this issue"), ("before", "others")]
        if {one.subject for one in drawn} == {True, False}
        else [],
        heads=["kind", plot.unit, "share"],
        rows=[
            (one.name, value_text(one.count), percent(one.count / plot.total)) for one in plot.rows
        ],
    )


def _bar(one: CountedRow, highest: float) -> Markup:
    return Markup(
        '<svg class="wide" width="100%" height="16" role="img" aria-label="{}">'
        '<rect class="{}" y="2" width="{:.2f}%" height="12" rx="1.5"/></svg>'
    ).format(
        label(f"{one.name}: {value_text(one.count)}"),
        "after" if one.subject else "before",
        100 * math.sqrt(one.count) / highest,
    )


def _values(one: CountedRow, plot: CountsPlot) -> str:
    return f"{value_text(one.count)}, {percent(one.count / plot.total)}"
