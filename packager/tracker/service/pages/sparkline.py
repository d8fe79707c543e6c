"""The sparkline of an issue: its priority over the last day, as an SVG of steps."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from packager.tracker.core.moments import DAY
from packager.tracker.service.pages.formatting import small

WIDTH, HEIGHT = 96, 24
TOP = 3
MIN_SCALE = 5.0
"""The smallest priority at the top of the drawing, so that small changes look small."""


def sparkline(points: Sequence[tuple[float, float]], now: float) -> Markup:
    """Steps from ``points`` (time, priority; in order) over the day before ``now``."""
    start = now - DAY
    before = [value for at, value in points if at <= start]
    level = before[-1] if before else 0.0
    inside = [(at, value) for at, value in points if start < at <= now]
    highest = max([level, *(value for _, value in inside)])
    scale = max(highest, MIN_SCALE)

    def y(value: float) -> str:
        return f"{HEIGHT - 1 - (HEIGHT - 1 - TOP) * value / scale:.1f}"

    path = [f"M0 {y(level)}"]
    for at, value in inside:
        path.append(f"H{WIDTH * (at - start) / DAY:.1f}V{y(value)}")
        level = value
    path.append(f"H{WIDTH}")
    line = "".join(path)
    label = f"priority over the last day: now {small(level)}, highest {small(highest)}"
    return Markup(
        '<svg class="spark" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img"'
        ' aria-label="{2}"><path class="area" d="{3}V{1}H0Z"/><path class="line" d="{3}"/></svg>'
    ).format(WIDTH, HEIGHT, label, line)
