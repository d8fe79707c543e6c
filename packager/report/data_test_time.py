"""Processor time on the page of a test on new data: its rounds, packaged and now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from packager.report.data_test_plot import Scale, axis, data_table, drawing, figure, grid, words
from packager.report.numbers import number
from packager.worker.test.details import TimeDetails
from packager.worker.test.report import Check

HEIGHT = 46
LANES = 14, 32
"""The y of the packaged rounds, and of those now."""
KEY = (
    "Processor time of a row over that of an example row, measured in turn. Rings: rounds when "
    "packaged; dots: rounds now; ticks: their means; the shaded side is beyond what the policy "
    "allows."
)


def time_plot(checks: Sequence[Check]) -> str:
    """The rounds of each check of time, and their table."""
    return "".join(
        _plot(check, details)
        for check in checks
        if (details := TimeDetails.of(check.details)) is not None and details.ratios
    )


def _plot(check: Check, details: TimeDetails) -> str:
    limit = None
    if check.baseline is not None and check.limit is not None:
        limit = check.baseline * (1 + check.limit)
    scale = Scale.of([*details.ratios, *details.packaged, limit])
    shapes = [grid(scale, HEIGHT)]
    if limit is not None:
        x = scale.at(limit)
        shapes.insert(
            0,
            f'<rect class="beyond" x="{x:.2f}%" y="0" width="{100 - x:.2f}%" height="{HEIGHT}"/>',
        )
    shapes += _lane(scale, details.packaged, check.baseline, LANES[0], "ring")
    shapes += _lane(scale, details.ratios, check.now, LANES[1], "now")
    label = f"{check.name}: {check.why}"
    plot = f"{drawing(label, ''.join(shapes), HEIGHT)}{axis(scale)}"
    rounds = enumerate(zip_longest(details.packaged, details.ratios), 1)
    rows = ((round_index, number(before), number(now)) for round_index, (before, now) in rounds)
    return (
        f"<p>{words(check.why, 500)}</p>{figure(KEY, plot)}"
        f"{data_table('rounds', ('round', 'packaged', 'now'), rows)}"
    )


def _lane(
    scale: Scale, values: Sequence[float], mean: float | None, y: int, kind: str
) -> Iterator[str]:
    if mean is not None:
        x = scale.at(mean)
        yield f'<line class="packaged" x1="{x:.2f}%" y1="{y - 8}" x2="{x:.2f}%" y2="{y + 8}"/>'
    for value in values:
        yield f'<circle class="{kind}" cx="{scale.at(value):.2f}%" cy="{y}" r="3.5"/>'
