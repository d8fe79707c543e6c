"""Values with intervals: a line of its own for each, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from packager.tracker.core.plot import IntervalsPlot, MeasuredRow
from packager.tracker.service.pages.plots.drawing import (
    Drawing,
    PlotScale,
    anchor,
    label,
    row,
    tick_text,
    value_text,
)

MAX_DRAWN = 24
TALL, MIDDLE = 22, 11
TICKS_TALL = 18


def draw_intervals(plot: IntervalsPlot) -> Drawing:
    """The first ``MAX_DRAWN`` rows; the table has all."""
    drawn = plot.rows[:MAX_DRAWN]
    scale = PlotScale.of([value for one in drawn for value in _numbers(one)])
    rows = [
        row(
            one.name,
            _line(one, scale, plot.reference_name),
            value_text(one.value),
            subject=one.subject,
        )
        for one in drawn
    ]
    has = {
        name: any(getattr(one, name) is not None for one in plot.rows)
        for name in ("reference", "low", "bound")
    }
    caption = f"Dots are the values{', lines their 95 % intervals' if has['low'] else ''}."
    if len(plot.rows) > MAX_DRAWN:
        caption += f" Drawn are the first {MAX_DRAWN} of {len(plot.rows)} rows."
    unit = plot.unit or "value"
    legend = [
        ("value", unit),
        *([("packaged", plot.reference_name)] if has["reference"] else []),
        *([("bound", "worst allowed")] if has["bound"] else []),
    ]
    return Drawing(
        html=Markup('<div class="bins">{}{}</div>').format(
            Markup("").join(rows), row("", _axis(scale), "")
        ),
        caption=caption,
        legend=legend,
        heads=["row", unit, *_heads(plot, has)],
        rows=[_cells(one, has) for one in plot.rows],
    )


def _numbers(one: MeasuredRow) -> list[float]:
    numbers = (one.value, one.low, one.high, one.reference, one.bound)
    return [value for value in numbers if value is not None]


def _line(one: MeasuredRow, scale: PlotScale, other: str) -> Markup:
    parts = [Markup('<line class="axis" x1="0" y1="{0}" x2="100%" y2="{0}"/>').format(MIDDLE)]
    if one.low is not None and one.high is not None:
        parts.append(
            Markup(
                '<line class="span" x1="{low:.2f}%" y1="{y}" x2="{high:.2f}%" y2="{y}"/>'
            ).format(low=scale.at(one.low), high=scale.at(one.high), y=MIDDLE)
        )
    for kind, value in (("packaged", one.reference), ("bound", one.bound)):
        if value is not None:
            parts.append(
                Markup('<line class="{0}" x1="{1:.2f}%" y1="3" x2="{1:.2f}%" y2="19"/>').format(
                    kind, scale.at(value)
                )
            )
    parts.append(
        Markup('<circle class="value" cx="{:.2f}%" cy="{}" r="5"/>').format(
            scale.at(one.value), MIDDLE
        )
    )
    return Markup(
        '<svg class="wide" width="100%" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(TALL, _in_words(one, other), Markup("").join(parts))


def _axis(scale: PlotScale) -> Markup:
    ticks = [
        Markup('<text x="{:.2f}%" y="12" text-anchor="{}">{}</text>').format(
            scale.at(tick), anchor(scale.at(tick)), tick_text(tick)
        )
        for tick in scale.ticks()
    ]
    return Markup('<svg class="wide" width="100%" height="{}" aria-hidden="true">{}</svg>').format(
        TICKS_TALL, Markup("").join(ticks)
    )


def _in_words(one: MeasuredRow, other: str) -> str:
    sentence = f"{one.name}: {value_text(one.value)}"
    if one.low is not None and one.high is not None:
        sentence += f", from {value_text(one.low)} to {value_text(one.high)}"
    if one.reference is not None:
        sentence += f"; {other} {value_text(one.reference)}"
    if one.bound is not None:
        sentence += f"; worst allowed {value_text(one.bound)}"
    return label(sentence, 200)


def _heads(plot: IntervalsPlot, has: dict[str, bool]) -> list[str]:
    return [
        *(["low", "high"] if has["low"] else []),
        *([plot.reference_name] if has["reference"] else []),
        *(["worst allowed"] if has["bound"] else []),
    ]


def _cells(one: MeasuredRow, has: dict[str, bool]) -> Sequence[str]:
    known = [
        *([one.low, one.high] if has["low"] else []),
        *([one.reference] if has["reference"] else []),
        *([one.bound] if has["bound"] else []),
    ]
    return (
        one.name,
        value_text(one.value),
        *("" if value is None else value_text(value) for value in known),
    )
