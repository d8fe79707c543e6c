"""The reliability curve on the page of a test on new data: confidence against accuracy."""

from __future__ import annotations

from itertools import pairwise

from packager.report.data_test_plot import data_table, figure
from packager.report.numbers import interval, number
from packager.worker.test.details import CalibrationDetails

SIZE = 300
LEFT, TOP, BASE = 34, 8, SIZE - 26
"""Edges of the square of the plot within its view box."""
SIDE = BASE - TOP
BARS = 34
"""Height of the bars of rows, below the axis."""
KEY = (
    "Accuracy of the answers by their confidence, with 95 % intervals; the dashed line is perfect "
    "calibration, rings are the packaged rows, bars below are the numbers of new rows."
)
HEADS = (
    *("mean confidence", "accuracy", "95 % interval", "packaged accuracy", "new rows"),
    "confidence minus accuracy",
)


def reliability(details: CalibrationDetails) -> str:
    """The curve with its bands and table; empty without a bin."""
    if not details.confidence:
        return ""
    packaged = details.packaged_accuracy or (None,) * len(details.confidence)
    rows = zip(
        map(number, details.confidence),
        map(number, details.accuracy),
        map(interval, zip(details.low, details.high, strict=True)),
        map(number, packaged),
        details.rows,
        [number(c - a) for c, a in zip(details.confidence, details.accuracy, strict=True)],
        strict=True,
    )
    return figure(KEY, _drawing(details, packaged)) + data_table("reliability", HEADS, rows)


def _drawing(details: CalibrationDetails, packaged: tuple[float | None, ...]) -> str:
    points = [(_x(c), _y(a)) for c, a in zip(details.confidence, details.accuracy, strict=True)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    bands = "".join(
        f'<line class="interval" x1="{_x(c):.1f}" y1="{_y(low):.1f}" x2="{_x(c):.1f}" '
        f'y2="{_y(high):.1f}"/>'
        for c, low, high in zip(details.confidence, details.low, details.high, strict=True)
    )
    rings = "".join(
        f'<circle class="ring" cx="{_x(c):.1f}" cy="{_y(a):.1f}" r="4.5"/>'
        for c, a in zip(details.confidence, packaged, strict=True)
        if a is not None
    )
    dots = "".join(f'<circle class="now" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
    worst = max(abs(c - a) for c, a in zip(details.confidence, details.accuracy, strict=True))
    return (
        f'<svg class="square" viewBox="0 0 {SIZE} {SIZE + BARS}" role="img">'
        f"<title>Reliability in {len(points)} bins; confidence and accuracy differ by at most "
        f"{number(worst)}</title>{_frame()}"
        f'<polygon class="band" points="{_band(details)}"/>'
        f'<polyline class="curve" points="{line}"/>{bands}{rings}{dots}{_bars(details)}</svg>'
    )


def _frame() -> str:
    """Axes, the diagonal and their labels."""
    parts = [f'<line class="diagonal" x1="{LEFT}" y1="{BASE}" x2="{LEFT + SIDE}" y2="{TOP}"/>']
    for percent in (0, 25, 50, 75, 100):
        x, y = _x(percent / 100), _y(percent / 100)
        end = "end" if percent == 100 else "middle"
        parts.append(
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + SIDE}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{percent / 100:g}</text>'
            f'<text x="{x:.1f}" y="{BASE + 14}" text-anchor="{end}">{percent / 100:g}</text>'
        )
    return "".join(parts)


def _band(details: CalibrationDetails) -> str:
    """The outline of the intervals, from bin to bin."""
    upper = [(_x(c), _y(v)) for c, v in zip(details.confidence, details.high, strict=True)]
    lower = [(_x(c), _y(v)) for c, v in zip(details.confidence, details.low, strict=True)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])


def _bars(details: CalibrationDetails) -> str:
    """The rows of each bin, below the plot; widths reach half way to the next bin."""
    most = max([*details.rows, 1])
    centers = [_x(c) for c in details.confidence]
    gaps = [abs(after - before) for before, after in pairwise(sorted(centers))]
    width = max(2.0, min([*gaps, SIDE / 10]) * 0.8)
    floor = SIZE + BARS - 4
    return "".join(
        f'<rect class="before" x="{x - width / 2:.1f}" y="{floor - tall:.1f}" '
        f'width="{width:.1f}" height="{tall:.1f}"/>'
        for x, tall in (
            (x, (BARS - 8) * rows / most) for x, rows in zip(centers, details.rows, strict=True)
        )
    )


def _x(share: float) -> float:
    return LEFT + SIDE * min(1.0, max(0.0, share))


def _y(share: float) -> float:
    return BASE - SIDE * min(1.0, max(0.0, share))
