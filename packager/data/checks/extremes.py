"""Detectors ``isolated_extreme`` and ``impossible_zero``: numbers far from all others.

Neither needs a model or a normal distribution: they measure the gap between a value and the rest,
relative to distances within the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.issue import (
    DataIssue,
    Floats,
    Mask,
    NotApplicableError,
    rows_where,
)
from packager.data.checks.placeholders import NUMBERS
from packager.data.checks.table import CheckedTable
from packager.text import format_number

MIN_ROWS = 50
MIN_DISTINCT = 10
MAX_EXTREME_SHARE = 0.002
"""At most this share of a column, or 3 rows if that is more, can be extreme at one end."""
MIN_GAP = 1.0
"""Minimum gap before an extreme, in distances from the median to the value before the gap."""
LOG_SCALE_FACTOR = 2.0
"""Half of such a gap suffices on the logarithmic scale, where long tails are short."""
MAX_NEAR_ZERO_SHARE = 0.05
"""Zero is impossible if 99.9 % of the other values exceed this share of their median."""
MIN_STEPS_FROM_ZERO = 10
"""… and if they start this many typical steps of the column above zero (counts do not)."""
MAX_ZERO_SHARE = 0.5


def isolated_extreme(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.95 to 1: few values beyond a gap as wide as the distance from the median to it.

    For positive values the gap at the upper end must be wide on the logarithmic scale as well,
    because incomes and prices have long tails that are no errors. Raises ``NotApplicableError`` if
    there are too few rows.
    """
    if table.numeric and len(table) < MIN_ROWS:
        raise NotApplicableError.too_few(len(table), MIN_ROWS)
    for name in _measured(table):
        values = table.numbers[name]
        present = values[np.isfinite(values)]
        present = present[present != 0] if _zeros(values).any() else present
        if len(present) < MIN_ROWS:
            continue
        present = _ordered(present)
        if present[0] == present[_common(len(present))]:
            continue
        for above in (True, False):
            cut = _cut(present if above else -present[::-1], logarithmic=above)
            if cut is None:
                continue
            bound, near, gap = cut if above else (-cut[0], -cut[1], cut[2])
            beyond = (values >= bound) if above else (values <= bound) & (values != 0)
            beyond &= np.isfinite(values) & ~np.isin(values, NUMBERS)
            if beyond.any():
                yield DataIssue(
                    name,
                    f"at {'most' if above else 'least'} about {format_number(near)}, "
                    "as all other rows",
                    "correct the value, or drop the row",
                    1 - 0.05 / (1 + gap),
                    rows_where(beyond),
                )


def impossible_zero(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.98, less if zeros are frequent: zeros although all other values are far from zero."""
    for name in _measured(table):
        values = table.numbers[name]
        zeros = _zeros(values)
        if zeros.any():
            rest = values[np.isfinite(values) & (values != 0)]
            low, high = np.quantile(rest, (0.001, 0.999))
            yield DataIssue(
                name,
                f"a value like the others ({format_number(low)} to {format_number(high)})",
                "correct it, leave it empty, or drop the row",
                float(0.98 - 0.8 * zeros.mean()),
                rows_where(zeros),
            )


def _measured(table: CheckedTable) -> Iterator[str]:
    """Numeric columns with measurements; the target only in a regression."""
    for name in table.numeric:
        distinct = len(np.unique(table.numbers[name][:10_000]))
        if distinct >= MIN_DISTINCT and (name != table.target or table.task == "regression"):
            yield name


def _zeros(values: Floats) -> Mask:
    """The zeros of a column if they are impossible, else none."""
    none = np.zeros(len(values), dtype=np.bool_)
    rest = values[np.isfinite(values) & (values != 0)]
    zeros = values == 0
    if not 0 < zeros.mean() <= MAX_ZERO_SHARE or len(rest) < MIN_ROWS or (rest < 0).any():
        return none
    distinct = np.unique(rest)
    low = float(np.quantile(rest, 0.001))
    if len(distinct) < MIN_DISTINCT or low < MIN_STEPS_FROM_ZERO * float(
        np.median(np.diff(distinct))
    ):
        return none
    return zeros if low > MAX_NEAR_ZERO_SHARE * float(np.median(rest)) else none


def _ordered(values: Floats) -> Floats:
    """``values`` partially sorted: at both ends, and at the position ``_common``."""
    few = _few(len(values)) + 1
    if len(values) < 4 * few:
        return np.sort(values)
    ordered = np.partition(values, (few, _common(len(values)), len(values) - few - 1))
    ordered[:few].sort()
    ordered[-few:].sort()
    return ordered


def _few(rows: int) -> int:
    return max(3, int(MAX_EXTREME_SHARE * rows))


def _common(rows: int) -> int:
    """Position at about 98 %: a column whose minimum extends to it hardly has other values."""
    step = rows // 50
    return (rows - 1) // step * step


def _cut(values: Floats, *, logarithmic: bool) -> tuple[float, float, float] | None:
    """(first extreme, last ordinary value, gap) at the upper end of ``_ordered`` values, if any."""
    few = _few(len(values))
    gaps = _gaps(values, few)
    if logarithmic and values[0] > 0:
        gaps = np.minimum(gaps, LOG_SCALE_FACTOR * _gaps(np.log(values), few))
    if not (gaps >= MIN_GAP).any():
        return None
    # The extremes start at the first wide gap, counted from the median.
    index = int(np.argmax(gaps >= MIN_GAP))
    start = len(values) - few + index
    return float(values[start]), float(values[start - 1]), float(gaps[index:].max())


def _gaps(values: Floats, few: int) -> Floats:
    """Gap before each of the last ``few``, in distances from the median to the value before it."""
    near = values[-few - 1 : -1]
    reach = np.maximum(near - np.median(values), 1e-300)
    return np.asarray(np.diff(values[-few - 1 :]) / reach)
