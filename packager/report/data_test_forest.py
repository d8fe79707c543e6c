"""The forest plot of a test on new data: for each slice, packaged and now, with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from packager.report.data_test_plot import (
    Scale,
    axis,
    data_table,
    drawing,
    figure,
    folded,
    grid,
    shortened,
    words,
)
from packager.report.numbers import change, digits, interval, number, probability
from packager.report.table import Cell
from packager.testing.ordered import worst_first
from packager.worker.test.report import Check

HEIGHT = 22
MIDDLE = HEIGHT // 2
MAX_OPEN = 25
"""Rows of a forest that are shown at once; the others open."""
MAX_ROWS = 400
"""Rows of a forest; the table and report.json have more."""
MAX_REACH = 1.5
"""Largest share by which an interval widens the plot, over the span of the values themselves."""


class Wording(NamedTuple):
    """The texts of a forest plot."""

    before: str = "packaged"
    tick: str = "the packaged value"

    @property
    def key(self) -> str:
        """Explanation of a forest plot."""
        return (
            f"The tick is {self.tick}, the dot the value now, a line the 95 % interval of the "
            "change; the shaded side is beyond what the policy allows; gray: too few rows to see "
            "that."
        )

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads of the table."""
        first = ("check", "verdict", self.before, "now", "change", "95 % interval of the change")
        return (*first, "allowed", "visible from", "rows", "q")


PACKAGED = Wording()


def forests(checks: Sequence[Check], title: str, wording: Wording = PACKAGED) -> str:
    """A forest for each metric of ``checks``, then one table of all; empty without checks."""
    drawn = [check for check in checks if check.now is not None and check.difference is not None]
    metrics = dict.fromkeys(check.metric for check in worst_first(drawn))
    plots = "".join(
        forest(metric, [one for one in drawn if one.metric == metric], wording)
        for metric in metrics
    )
    key = figure(wording.key, plots) if plots else ""
    return key + data_table(title, wording.heads, map(_cells, worst_first(checks)))


def forest(metric: str, checks: Iterable[Check], wording: Wording = PACKAGED) -> str:
    """The forest of one metric: all rows first, then the worst."""
    ordered = worst_first(checks)
    ordered.sort(key=lambda check: not check.headline)
    scale = _scale(ordered)
    rows = [_row(check, scale) for check in ordered[:MAX_ROWS]]
    head = (
        f'<div class="forest-head"><h3>{words(metric)}</h3>{axis(scale)}'
        f"<span>{wording.before} → now</span></div>"
    )
    more = ""
    if len(rows) > MAX_OPEN:
        left_out = len(ordered) - len(rows)
        text = f"{len(rows) - MAX_OPEN} more" + f" of {left_out + len(rows)}" * bool(left_out)
        more = folded(text, "".join(rows[MAX_OPEN:]))
    return f'<div class="forest">{head}{"".join(rows[:MAX_OPEN])}{more}</div>'


def threshold(check: Check) -> float | None:
    """The value from which on the change for the worse is larger than the policy allows."""
    if check.limit is None or check.now is None or check.difference is None:
        return None
    return check.now - check.difference + check.worse * check.limit


def label(check: Check) -> str:
    """The subject of a check, without its metric: ``color=E``, ``all rows``."""
    return check.name.removeprefix(check.metric).strip() or "all rows"


def is_unclear(check: Check) -> bool:
    """Whether the change that the policy names would not have been seen on so few rows."""
    seen, limit = check.visible_from, check.limit
    return check.verdict == "inconclusive" or (
        check.verdict == "passed" and seen is not None and limit is not None and seen > limit > 0
    )


def state(check: Check) -> str:
    """The CSS class of a check."""
    return "unclear" if is_unclear(check) else check.verdict


def _scale(checks: Sequence[Check]) -> Scale:
    points: list[float] = []
    ends: list[float] = []
    for check in checks:
        points += [v for v in (check.now, check.baseline, threshold(check)) if v is not None]
        ends += _interval(check) or ()
    inner = Scale.of(points, 0)
    reach = (inner.high - inner.low) * MAX_REACH
    return Scale.of(
        [*points, *(min(max(end, inner.low - reach), inner.high + reach) for end in ends)]
    )


def _interval(check: Check) -> tuple[float, float] | None:
    """The interval of the change, at the place where the value now is."""
    if check.interval is None or check.now is None or check.difference is None:
        return None
    start = check.now - check.difference
    return start + check.interval[0], start + check.interval[1]


def _row(check: Check, scale: Scale) -> str:
    values = f"{digits(check.baseline)} → {digits(check.now)}"
    unseen = ""
    if is_unclear(check) and check.visible_from is not None:
        unseen = f", a change of {digits(check.visible_from)} would have been found"
    text = f"{shortened(check.name)}: {values} now, {check.verdict}{unseen}"
    return (
        f'<div class="forest-row {state(check)}"><span class="name">{words(label(check))}</span>'
        f"{drawing(text, _shapes(check, scale), HEIGHT)}"
        f'<span class="values">{values}</span></div>'
    )


def _shapes(check: Check, scale: Scale) -> str:
    shapes = [_beyond(check, scale), grid(scale, HEIGHT)]
    ends = _interval(check)
    if ends is not None:
        low, high = map(scale.at, ends)
        shapes.append(
            f'<line class="interval" x1="{low:.2f}%" y1="{MIDDLE}" x2="{high:.2f}%" y2="{MIDDLE}"/>'
        )
    if check.baseline is not None:
        x = scale.at(check.baseline)
        shapes.append(
            f'<line class="packaged" x1="{x:.2f}%" y1="4" x2="{x:.2f}%" y2="{HEIGHT - 4}"/>'
        )
    if check.now is not None:
        shapes.append(f'<circle class="now" cx="{scale.at(check.now):.2f}%" cy="{MIDDLE}" r="4"/>')
    return "".join(shapes)


def _beyond(check: Check, scale: Scale) -> str:
    """The side of the plot that the policy does not allow."""
    end = threshold(check)
    if end is None:
        return ""
    x = scale.at(end)
    left, width = (0.0, x) if check.worse < 0 else (x, 100 - x)
    return (
        f'<rect class="beyond" x="{left:.2f}%" y="0" width="{width:.2f}%" height="{HEIGHT}"/>'
        if width > 0
        else ""
    )


def _cells(check: Check) -> tuple[Cell, ...]:
    return (
        check.name,
        check.verdict,
        number(check.baseline),
        number(check.now),
        change(check.difference),
        interval(check.interval),
        number(check.limit),
        number(check.visible_from),
        check.rows,
        probability(check.q),
    )
