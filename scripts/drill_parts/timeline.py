"""A plot over the time of a drill as SVG: lines, and the phases below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packager.text import escape_markup

WIDTH, HEIGHT, LEFT, BOTTOM = 960, 200, 48, 26
COLOURS = ("var(--accent)", "var(--good)", "var(--warn)", "var(--bad)")


@dataclass(frozen=True)
class Series:
    """A named line; points are (seconds since the start, value)."""

    name: str
    points: Sequence[tuple[float, float]]


def timeline(
    title: str, spans: Sequence[tuple[str, float, float]], series: Sequence[Series]
) -> str:
    """A figure with ``series``; ``spans``: (title, start, end) of the phases, in seconds."""
    end = max([1.0, *(until for _, _, until in spans)])
    top = max([1.0, *(value for one in series for _, value in one.points)])

    def place(at: float, value: float) -> str:
        x = LEFT + at / end * (WIDTH - LEFT - 8)
        y = HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - 12)
        return f"{x:.1f},{y:.1f}"

    parts = [*_phases(spans, end), *_axis(top)]
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


def _phases(spans: Sequence[tuple[str, float, float]], end: float) -> list[str]:
    """A band for every second phase, and its number below."""
    parts = []
    for number, (title, start, until) in enumerate(spans, start=1):
        x = LEFT + start / end * (WIDTH - LEFT - 8)
        width = max(1.0, (until - start) / end * (WIDTH - LEFT - 8))
        fill = "var(--tint)" if number % 2 else "none"
        parts.append(
            f'<g><title>{escape_markup(title)}</title><rect x="{x:.1f}" y="4" width="{width:.1f}" '
            f'height="{HEIGHT - BOTTOM - 4}" style="fill:{fill}"/><text x="{x + width / 2:.1f}" '
            f'y="{HEIGHT - 8}" text-anchor="middle" style="fill:var(--soft)">{number}</text></g>'
        )
    return parts


def _axis(top: float) -> list[str]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 12)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" '
            f'style="stroke:var(--line)"/><text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" '
            f'style="fill:var(--soft)">{share * top:.3g}</text>'
        )
    return parts
