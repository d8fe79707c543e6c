"""Lines over time, with intervals as bands and levels to compare with."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from packager.tracker.core.moments import DAY
from packager.tracker.core.plot import Level, SeriesLine, SeriesPlot
from packager.tracker.service.pages.formatting import clock
from packager.tracker.service.pages.plots.drawing import (
    Drawing,
    PlotScale,
    anchor,
    label,
    tick_text,
    value_text,
)

HEIGHT, BASE, TOP = 240, 218, 14
TIMES = 5


def draw_series(plot: SeriesPlot) -> Drawing:
    """Lines in a box that stretches; texts keep their size."""
    points = [point for line in plot.lines for point in line.points]
    times = PlotScale.of([point.at for point in points], margin=0.0)
    ends = [end for point in points for end in (point.low, point.high) if end is not None]
    values = PlotScale.of(
        [*(point.value for point in points), *ends, *(level.value for level in plot.levels)]
    )
    lines = [_line(one, index, times, values) for index, one in enumerate(plot.lines)]
    html = Markup(
        '<svg class="wide series" width="100%" height="{height}" role="img" aria-label="{said}">'
        '{grid}<svg y="{top}" width="100%" height="{tall}" viewBox="0 0 100 100"'
        ' preserveAspectRatio="none">{lines}</svg>{levels}{times}</svg>'
    ).format(
        height=HEIGHT,
        said=_in_words(plot),
        top=TOP,
        tall=BASE - TOP,
        grid=_grid(values),
        lines=Markup("").join(lines),
        levels=Markup("").join(_level(level, values) for level in plot.levels),
        times=_time_axis(times),
    )
    banded = any(point.low is not None for point in points)
    caption = f"{plot.unit}, times in UTC." if plot.unit else "Times in UTC."
    return Drawing(
        html=html,
        caption=f"{caption} The band is the interval of each value." if banded else caption,
        legend=[(f"l{index}", one.name) for index, one in enumerate(plot.lines)],
        heads=["time", "line", plot.unit or "value", *(["low", "high"] if banded else [])],
        rows=[row for one in plot.lines for row in _rows(one, banded=banded)],
    )


def _y(values: PlotScale, value: float) -> float:
    return TOP + (BASE - TOP) * (1 - values.at(value) / 100)


def _line(line: SeriesLine, index: int, times: PlotScale, values: PlotScale) -> Markup:
    path = " ".join(
        f"{times.at(point.at):.2f},{100 - values.at(point.value):.2f}" for point in line.points
    )
    banded = [point for point in line.points if point.low is not None and point.high is not None]
    band = Markup("")
    if banded:
        upper = [f"{times.at(p.at):.2f},{100 - values.at(p.high or 0):.2f}" for p in banded]
        lower = [
            f"{times.at(p.at):.2f},{100 - values.at(p.low or 0):.2f}" for p in reversed(banded)
        ]
        band = Markup('<polygon class="interval l{}" points="{}"/>').format(
            index, " ".join([*upper, *lower])
        )
    return band + Markup('<polyline class="curve l{}" points="{}"/>').format(index, path)


def _grid(values: PlotScale) -> Markup:
    shapes = [
        Markup(
            '<line class="grid" x1="0" y1="{0:.1f}" x2="100%" y2="{0:.1f}"/>'
            '<text x="0" y="{1:.1f}">{2}</text>'
        ).format(_y(values, tick), _y(values, tick) - 3, tick_text(tick))
        for tick in values.ticks()
    ]
    return Markup("").join(shapes)


def _level(level: Level, values: PlotScale) -> Markup:
    y = _y(values, level.value)
    return Markup(
        '<line class="level{0}" x1="0" y1="{1:.1f}" x2="100%" y2="{1:.1f}"/>'
        '<text class="level{0}" x="100%" y="{2:.1f}" text-anchor="end">{3} {4}</text>'
    ).format(" limit" if level.limit else "", y, y - 4, label(level.name), value_text(level.value))


def _time_axis(times: PlotScale) -> Markup:
    span = times.high - times.low
    form = "%H:%M" if span <= 2 * DAY else "%b %d"
    shapes = []
    for index in range(TIMES):
        percent = 100 * index / (TIMES - 1)
        moment = datetime.fromtimestamp(max(0.0, times.low + span * index / (TIMES - 1)), UTC)
        shapes.append(
            Markup('<text x="{:.1f}%" y="{}" text-anchor="{}">{}</text>').format(
                percent, HEIGHT - 6, anchor(percent), f"{moment:{form}}"
            )
        )
    return Markup("").join(shapes)


def _rows(line: SeriesLine, *, banded: bool) -> list[tuple[str, ...]]:
    rows = []
    for point in line.points:
        ends = ["" if end is None else value_text(end) for end in (point.low, point.high)]
        rows.append(
            (clock(point.at), line.name, value_text(point.value), *(ends if banded else []))
        )
    return rows


def _in_words(plot: SeriesPlot) -> str:
    last = ", ".join(f"{line.name} {value_text(line.points[-1].value)}" for line in plot.lines)
    return label(f"{plot.title}; last {last}")
