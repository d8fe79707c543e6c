"""Rows of bars: shares of rows in bins, and values over time as cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer, ViewAnswer
from packager.report.dashboard.series_svg import time_axis
from packager.report.dashboard.values import level
from packager.report.data_test_plot import Scale, words

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
CELL = 18
KINDS = ("live", "reference")


def bins_of(answer: PanelAnswer) -> list[tuple[str, list[float | None]]]:
    """Bin → value of each query, in the order of their numbers."""
    values: dict[str, list[float | None]] = {}
    for index, several in enumerate(answer.queries):
        for one in several:
            name = one.labels.get("bin", "")
            cells = values.setdefault(name, [None] * len(answer.queries))
            cells[index] = one.last
    return sorted(values.items(), key=lambda pair: _order(pair[0]))


def _order(name: str) -> tuple[int, float, str]:
    """Ranges by their upper end, those to infinity last; other names after them."""
    if "inf" in name and name.rstrip(")] ").endswith("inf"):
        return 1, 0.0, name
    numbers = _NUMBER.findall(name)
    return (0, float(numbers[-1]), name) if numbers else (2, 0.0, name)


def bars(answer: PanelAnswer) -> str:
    """Two bars for each bin: live above the reference."""
    bins = bins_of(answer)
    largest = max((v for _, values in bins for v in values if v is not None), default=0.0) or 1.0
    write = answer.panel.unit.written
    rows = []
    for name, values in bins:
        shapes = "".join(
            f'<rect class="{KINDS[index % 2]}" y="{1 + 9 * index}" width="{100 * v / largest:.2f}%"'
            ' height="8" rx="1.5"/>'
            for index, v in enumerate(values)
            if v is not None
        )
        texts = " / ".join("-" if v is None else write(v) for v in values)
        rows.append(
            f'<div class="bin"><span class="name">{words(name, 40)}</span>'
            f'<svg class="wide" width="100%" height="{9 * len(values) + 2}" role="img">'
            f"<title>{words(f'{name}: {texts}')}</title>{shapes}</svg>"
            f'<span class="values">{words(texts)}</span></div>'
        )
    return f'<div class="bins">{"".join(rows)}</div>'


def strips(
    answer: PanelAnswer, drawn: Sequence[tuple[str, AnsweredSeries]], view: ViewAnswer
) -> str:
    """A row of cells for each series, coloured by the panel's steps."""
    times = Scale(view.start, view.end)
    rows = [_strip(answer, name, one, times) for name, one in drawn]
    axis = (
        '<div class="bin"><span class="name"></span><svg class="wide" width="100%" height="16"'
        f' aria-hidden="true">{time_axis(times, 12)}</svg><span class="values"></span></div>'
    )
    return f'<div class="bins">{"".join(rows)}{axis}</div>'


def _strip(answer: PanelAnswer, name: str, one: AnsweredSeries, times: Scale) -> str:
    panel = answer.panel
    width = 100 * answer.step / (times.high - times.low)
    cells = "".join(
        f'<rect class="cell {level(value, panel.steps, panel.base)}"'
        f' x="{max(0.0, times.at(at) - width):.2f}%" y="1" width="{width * 1.02:.2f}%"'
        f' height="{CELL - 2}"/>'
        for at, value in one.points
    )
    last = panel.unit.written(one.last)
    highest = panel.unit.written(max(value for _, value in one.points))
    return (
        f'<div class="bin"><span class="name">{words(name, 60)}</span>'
        f'<svg class="wide" width="100%" height="{CELL}" role="img">'
        f"<title>{words(f'{name}: last {last}, highest {highest}', 200)}</title>{cells}</svg>"
        f'<span class="values">{words(last)}</span></div>'
    )
