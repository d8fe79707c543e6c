"""The distribution of a column, with the values of suspicious rows marked."""

from __future__ import annotations

import math

from markupsafe import Markup

from packager.tracker.core.plot import HistogramPlot
from packager.tracker.service.pages.plots.drawing import (
    Drawing,
    PlotScale,
    anchor,
    label,
    tick_text,
    value_text,
)

HEIGHT, BASE, TOP = 190, 168, 22


def draw_histogram(plot: HistogramPlot) -> Drawing:
    """Bars by the square root of the counts, so that a bin of one row is visible."""
    edges = [*plot.edges, *(one.value for one in plot.marks)]
    scale = PlotScale.of(edges, margin=0.01)
    highest = math.sqrt(max(plot.counts)) or 1.0
    bars = []
    for place, count in enumerate(plot.counts):
        if count > 0:
            left, right = scale.at(plot.edges[place]), scale.at(plot.edges[place + 1])
            tall = max(2.0, (BASE - TOP) * (math.sqrt(count) / highest))
            bars.append(
                Markup('<rect x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>').format(
                    left, BASE - tall, max(0.15, right - left - 0.2), tall
                )
            )
    ticks = [
        Markup('<text x="{0:.2f}%" y="{1}" text-anchor="{2}">{3}</text>').format(
            scale.at(one), HEIGHT - 6, anchor(scale.at(one)), tick_text(one)
        )
        for one in scale.ticks()
    ]
    marks = [
        Markup(
            '<line class="mark" x1="{0:.2f}%" y1="14" x2="{0:.2f}%" y2="{1}"/>'
            '<text class="mark" x="{0:.2f}%" y="10" text-anchor="{2}">{3} {4}</text>'
        ).format(
            scale.at(m.value), BASE, anchor(scale.at(m.value)), label(m.name), value_text(m.value)
        )
        for m in plot.marks
    ]
    html = Markup(
        '<svg class="wide" width="100%" height="{}" role="img" aria-label="{}">'
        '<g class="bars">{}</g><line class="axis" x1="0" y1="{}" x2="100%" y2="{}"/>{}{}</svg>'
    ).format(HEIGHT, label(plot.title), *map(Markup("").join, ([*bars],)), BASE, BASE,
             Markup("").join(ticks), Markup("").join(marks))  # fmt: skip
    unit = f" ({plot.unit})" if plot.unit else ""
    caption = "The height of a bar is the square root of the number of rows."
    if plot.marks:
        caption += " Lines mark the rows of this issue."
    return Drawing(
        html=html,
        caption=caption,
        legend=[],
        heads=[f"from{unit}", f"to{unit}", "rows"],
        rows=[
            (value_text(plot.edges[i]), value_text(plot.edges[i + 1]), value_text(count))
            for i, count in enumerate(plot.counts)
        ],
    )
