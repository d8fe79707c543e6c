"""A plot on a page: its drawing, its legend, and its table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from packager.text import visible
from packager.tracker.core.priority import formatted
from packager.tracker.service.pages.formatting import shortened

MAX_LABEL = 60
TICKS = 4


@dataclass(frozen=True)
class Drawing:
    """A plot; everything but ``html`` is text that the template makes safe."""

    html: Markup
    caption: str
    """Explanation of the plot."""
    legend: Sequence[tuple[str, str]]
    """Class of the style, name."""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class PlotScale:
    """Values from ``low`` to ``high`` as percent."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float], margin: float = 0.06) -> PlotScale:
        """A scale that holds all values, with ``margin`` (a share) at both ends."""
        known = list(values)
        low, high = min(known), max(known)
        # Halves, so that the span of two very large values is still a number.
        span = (high / 2 - low / 2) * 2
        if not math.isfinite(span) or span == 0:
            return (
                cls(low / 2, high / 2)
                if span
                else cls(low - (abs(low) or 1) * 0.1, low + (abs(low) or 1) * 0.1)
            )
        return cls(low - margin * span, high + margin * span)

    def at(self, value: float) -> float:
        """Percent of the way from ``low`` to ``high``, 0 to 100."""
        span = self.high - self.low
        percent = 100 * ((value - self.low) / span) if span else 50.0
        return min(100.0, max(0.0, percent)) if math.isfinite(percent) else 50.0

    def ticks(self) -> list[float]:
        """Round values within the scale, about ``TICKS`` of them."""
        raw = (self.high - self.low) / TICKS
        if not 0 < raw < math.inf:
            return []
        power = 10.0 ** math.floor(math.log10(raw))
        step = next((power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * 0.999), 0)
        if not 0 < step < math.inf:
            return []
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [index * step for index in range(first, min(last, first + 2 * TICKS) + 1)]


def value_text(value: float) -> str:
    """A number of a plot: four significant digits, as a power of ten only if it is extreme."""
    if value and not 1e-6 <= abs(value) < 1e12:
        return f"{value:.3e}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else formatted(value)


def tick_text(value: float) -> str:
    """A short number below an axis."""
    return f"{0.0 if abs(value) < 1e-12 else value:.6g}"


def label(text: str, most: int = MAX_LABEL) -> str:
    """A text within a plot, of at most ``most`` characters."""
    return visible(shortened(text, most))


def row(name: str, svg: Markup, values: str, *, subject: bool = False) -> Markup:
    """A line of a plot of rows: its name, its drawing, its numbers."""
    return Markup(
        '<div class="bin{}"><span class="name">{}</span>{}<span class="values">{}</span></div>'
    ).format(" subject" if subject else "", label(name), svg, values)


def anchor(percent: float) -> str:
    """Anchor of a text at this position that keeps it within the plot."""
    return "start" if percent < 8 else "end" if percent > 92 else "middle"
