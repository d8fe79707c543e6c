"""Lines over time as SVG, with thresholds and moments; x in percent, so that texts keep their size.

The lines are in a box of their own that stretches; their widths and dots don't.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from packager.deploy.grafana.panel import Panel
from packager.report.dashboard.answers import AnsweredSeries, MarkedTime, PanelAnswer, ViewAnswer
from packager.report.dashboard.values import LEVELS
from packager.report.data_test_plot import Scale, anchor, words

HEIGHT, TOP, BASE = 190, 16, 166
TIMES = 4
MAX_LINES = 12
LEAST_SPAN = 0.1
"""Of a scale, as a share of its largest value."""
GAP = 2.5
"""Steps without a value after which a line is interrupted."""


def series_svg(answer: PanelAnswer, drawn: Sequence[AnsweredSeries], view: ViewAnswer,
               label: str) -> str:  # fmt: skip
    """The plot of ``drawn``; ``label`` is its content in words."""
    values = _scale(drawn)
    times = Scale(view.start, view.end)
    lines = "".join(_line(one, i, times, values, answer.step) for i, one in enumerate(drawn))
    return (
        f'<svg class="wide series" width="100%" height="{HEIGHT}" role="img">'
        f"<title>{words(label, 500)}</title>{_grid(answer.panel, values)}"
        f"{''.join(_threshold(b, c, values) for b, c in answer.panel.steps.items())}"
        f"{''.join(_moment(one, times) for one in view.moments)}"
        f'<svg y="{TOP}" width="100%" height="{BASE - TOP}" viewBox="0 0 100 100"'
        f' preserveAspectRatio="none">{lines}</svg>{time_axis(times, HEIGHT - 8)}</svg>'
    )


def _scale(drawn: Sequence[AnsweredSeries]) -> Scale:
    """A scale with all values: with 0 where it is near, and wide enough not to show noise only."""
    values = [value for one in drawn for _, value in one.points]
    low, high = min(values), max(values)
    if 0 < low < high / 2 or 0 <= low == high:
        low = 0.0
    least = LEAST_SPAN * max(abs(low), abs(high)) or 1.0
    missing = max(0.0, least - (high - low)) / 2
    low, high = low - missing * (low != 0), high + missing
    margin = 0.06 * (high - low)
    return Scale(low - margin if low else 0.0, high + margin)


def _y(values: Scale, value: float) -> float:
    return TOP + (BASE - TOP) * (1 - values.at(value) / 100)


def _line(one: AnsweredSeries, index: int, times: Scale, values: Scale, step: float) -> str:
    parts = []
    for run in _runs(one.points, GAP * step):
        points = " ".join(f"{times.at(at):.2f},{100 - values.at(v):.2f}" for at, v in run)
        alone = " dot" if len(run) == 1 else ""
        if alone:
            points = f"{points} {points}"
        parts.append(f'<polyline class="curve{alone} l{index % MAX_LINES}" points="{points}"/>')
    return "".join(parts)


def _runs(
    points: Sequence[tuple[float, float]], longest: float
) -> Iterable[Sequence[tuple[float, float]]]:
    """Points without a longer gap between two of them."""
    start = 0
    for index in range(1, len(points) + 1):
        if index == len(points) or points[index][0] - points[index - 1][0] > longest:
            yield points[start:index]
            start = index


def _grid(panel: Panel, values: Scale) -> str:
    ticks = [(tick, _y(values, tick)) for tick in values.ticks() if math.isfinite(tick)]
    return "".join(
        f'<line class="grid" x1="0" y1="{y:.1f}" x2="100%" y2="{y:.1f}"/>'
        f'<text x="0" y="{y - 3:.1f}">{words(panel.unit.written(one))}</text>'
        for one, y in ticks
    )


def _threshold(bound: float, colour: str, values: Scale) -> str:
    if not values.low <= bound <= values.high:
        return ""
    y = _y(values, bound)
    return (
        f'<line class="threshold {LEVELS.get(colour, "")}" x1="0" y1="{y:.1f}" x2="100%"'
        f' y2="{y:.1f}"/>'
    )


def _moment(one: MarkedTime, times: Scale) -> str:
    x = times.at(one.at)
    kind = "alert" if one.colour == "red" else "deployment"
    sign = "\u25b2" if kind == "alert" else "\u25bc"
    return (
        f'<g class="moment {kind}"><title>{words(one.title)}</title>'
        f'<line x1="{x:.2f}%" y1="{TOP - 4}" x2="{x:.2f}%" y2="{BASE}"/>'
        f'<text x="{x:.2f}%" y="{TOP - 5}" text-anchor="{anchor(x)}">{sign}</text></g>'
    )


def time_axis(times: Scale, y: int) -> str:
    """Times in UTC below a plot."""
    span = times.high - times.low
    form = "%H:%M" if span <= 2 * 86_400 else "%b %d"
    shapes = []
    for index in range(TIMES + 1):
        percent = 100 * index / TIMES
        moment = datetime.fromtimestamp(times.low + span * index / TIMES, UTC)
        shapes.append(
            f'<text x="{percent:g}%" y="{y}" text-anchor="{anchor(percent)}">{moment:{form}}</text>'
        )
    return "".join(shapes)
