"""Draws a column's histogram as inline SVG, with an optional mark at a value."""

from __future__ import annotations

import math

from packager.data.checks.finding import Histogram
from packager.report.numbers import number
from packager.text import escape_markup

WIDTH, HEIGHT, BASE = 320, 72, 56
"""Units of the view box, which the page scales. ``BASE`` is the y of the axis; labels are below."""


def histogram(column: str, distribution: Histogram, value: float | None = None) -> str:
    """Bars with heights by the square root of the counts, so that a bar of one row is visible.

    ``value`` gets a mark if it is within the histogram.
    """
    low, high = distribution.edges[0], distribution.edges[-1]
    highest = math.sqrt(max(distribution.counts))
    step = WIDTH / len(distribution.counts)
    bars = []
    for index, count in enumerate(distribution.counts):
        if count:
            tall = max(2.0, (BASE - 8) * math.sqrt(count) / highest)
            bars.append(
                f'<rect x="{index * step + 0.5:.1f}" y="{BASE - tall:.1f}" '
                f'width="{step - 1:.1f}" height="{tall:.1f}"/>'
            )
    label = f"{column}: {sum(distribution.counts)} values from {number(low)} to {number(high)}"
    if value is not None:
        label += f"; this row has {number(value)}"
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape_markup(label)}">'
        f'<g class="bars">{"".join(bars)}</g>'
        f'<line class="axis" x1="0" y1="{BASE}" x2="{WIDTH}" y2="{BASE}"/>'
        f'<text x="0" y="{HEIGHT - 2}">{number(low)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 2}" text-anchor="end">{number(high)}</text>'
        f"{_mark(value, low, high)}</svg>"
    )


def _mark(value: float | None, low: float, high: float) -> str:
    if value is None or not low <= value <= high:
        return ""
    x = WIDTH * (value - low) / (high - low or 1)
    anchor = "start" if x < WIDTH / 4 else "end" if x > WIDTH * 3 / 4 else "middle"
    return (
        f'<line class="mark" x1="{x:.1f}" y1="8" x2="{x:.1f}" y2="{BASE}"/>'
        f'<circle class="mark" cx="{x:.1f}" cy="8" r="3.5"/>'
        f'<text class="mark" x="{x:.1f}" y="{HEIGHT - 2}" text-anchor="{anchor}">'
        f"{number(value)}</text>"
    )
