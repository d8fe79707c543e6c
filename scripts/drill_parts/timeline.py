"""A plot over the time of a drill as SVG: lines, and the phases below them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from packager.text import escape_markup

WIDTH, HEIGHT, LEFT, BOTTOM = 960, 200, 56, 26
DIGITS = 16.0
"""Width of the number of a phase."""
COLOURS = ("var(--accent)", "var(--good)", "var(--warn)", "var(--bad)")


@dataclass(frozen=True)
class Series:
    """A named line; points are (seconds since the start, value)."""

    name: str
    points: Sequence[tuple[float, float]]


def timeline(
    title: str,
    spans: Sequence[tuple[str, float, float]],
    series: Sequence[Series],
    *,
    log: bool = False,
) -> str:
    """A figure with ``series``; ``spans``: (title, start, end) of the phases, in seconds.

    ``log``: a logarithmic axis from 1, which smaller values are drawn as.
    """
    end = max([1.0, *(until for _, _, until in spans)])
    top = max([10.0 if log else 1.0, *(value for one in series for _, value in one.points)])

    def place(at: float, value: float) -> str:
        x = LEFT + at / end * (WIDTH - LEFT - 8)
        return f"{x:.1f},{_height(value, top, log):.1f}"

    parts = [*_phases(spans, end), *_axis(top, log)]
    for number, one in enumerate(series):
        points = " ".join(place(at, value) for at, value in one.points)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(
            f'<polyline fill="none" style="stroke:{colour}" stroke-width="1.5" points="{points}"/>'
        )
    legend = " · ".join(
        f'<span style="color:{COLOURS[number % len(COLOURS)]}">{escape_markup(one.name)}</span>'
        for number, one in enumerate(series)
    )
    return (
        f"<figure style='margin:1rem 0'><figcaption>{escape_markup(title)}: {legend}</figcaption>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape_markup(title)}">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'style="font:11px system-ui" aria-label="{escape_markup(title)}">{"".join(parts)}</svg>'
        "</div></figure>"
    )


def _height(value: float, top: float, log: bool) -> float:
    """The y coordinate of a value, from above."""
    share = math.log10(max(1.0, value)) / math.log10(top) if log else value / top
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 12)


def _phases(spans: Sequence[tuple[str, float, float]], end: float) -> list[str]:
    """A band for every second phase, and its number below where there is room for it."""
    parts, taken = [], 0.0
    for number, (title, start, until) in enumerate(spans, start=1):
        x = LEFT + start / end * (WIDTH - LEFT - 8)
        width = max(1.0, (until - start) / end * (WIDTH - LEFT - 8))
        fill = "var(--tint)" if number % 2 else "none"
        middle = x + width / 2
        shown = str(number) if middle - taken >= DIGITS else ""
        taken = middle if shown else taken
        parts.append(
            f'<g><title>{escape_markup(title)}</title><rect x="{x:.1f}" y="4" width="{width:.1f}" '
            f'height="{HEIGHT - BOTTOM - 4}" style="fill:{fill}"/><text x="{middle:.1f}" '
            f'y="{HEIGHT - 8}" text-anchor="middle" style="fill:var(--soft)">{shown}</text></g>'
        )
    return parts


def _axis(top: float, log: bool) -> list[str]:
    powers = [10.0**power for power in range(int(math.log10(top)) + 1)] if log else []
    parts = []
    for value in powers or (0.0, top / 2, top):
        y = _height(value, top, log)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" '
            f'style="stroke:var(--line)"/><text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" '
            f'style="fill:var(--soft)">{_number(value)}</text>'
        )
    return parts


def _number(value: float) -> str:
    """Three digits of a small number, and a large one as a whole."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
