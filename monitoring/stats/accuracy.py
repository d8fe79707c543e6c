"""Quality in a slice, with confidence intervals and tests against the packaged baseline.

``packager/deploy/prometheus/promql.py`` has the same formulas in PromQL, with these constants.

Rows are independent rows everywhere: counted rows, and right answers among them, divided by their
design effect, which the package measured on its held-out rows (``[test] groups``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

MIN_ACCURACY_DROP = 0.02
"""Decrease of accuracy from the baseline that is large enough for an alert."""
MIN_MAE_RISE = 0.1
"""For regression: increase of the mean absolute error, relative to the baseline."""
MIN_SLICE_Z = 3.3
"""One-sided p = 4.8e-4: with 40 slices tested weekly and no regression, one false alarm a year."""
MIN_SLICE_ROWS = 50
"""With fewer labels there is no alert."""


def share_z(right: float, rows: float, baseline: float, baseline_rows: float) -> float:
    """The two-proportion z of ``right / rows`` minus ``baseline``, with their pooled variance.

    NaN without rows, or if the pooled variance is 0.
    """
    if rows <= 0 or baseline_rows <= 0:
        return math.nan
    pooled = (right + baseline * baseline_rows) / (rows + baseline_rows)
    variance = pooled * (1 - pooled) * (1 / rows + 1 / baseline_rows)
    return (right / rows - baseline) / math.sqrt(variance) if variance > 0 else math.nan


def accuracy_regressed(right: float, rows: float, baseline: float, baseline_rows: float) -> bool:
    """Whether accuracy fell by more than ``MIN_ACCURACY_DROP``, significantly, on enough labels."""
    return (
        rows >= MIN_SLICE_ROWS
        and baseline - right / rows > MIN_ACCURACY_DROP
        and share_z(right, rows, baseline, baseline_rows) < -MIN_SLICE_Z
    )


class MeanBaseline(NamedTuple):
    """The mean error of held-out rows."""

    value: float
    variance: float
    """Of the error of one row."""
    rows: float
    """Independent rows: held-out rows over their design effect."""


def mean_z(mean: float, variance: float, rows: float, baseline: MeanBaseline) -> float:
    """z of a live mean error minus that of the baseline; each has its own variance (Welch 1947).

    ``variance``: of the error of one live row. NaN without rows, with an unknown variance, or if
    nothing varies and the means are equal; infinite if nothing varies and they are not.
    """
    if rows <= 0 or baseline.rows <= 0:
        return math.nan
    difference = mean - baseline.value
    error = math.sqrt(variance / rows + baseline.variance / baseline.rows)
    if error != 0:  # NaN: an unknown variance
        return difference / error
    return math.copysign(math.inf, difference) if difference else math.nan


def mean_regressed(mean: float, variance: float, rows: float, baseline: MeanBaseline) -> bool:
    """Whether the error grew by more than ``MIN_MAE_RISE``, significantly, on enough labels."""
    return (
        rows >= MIN_SLICE_ROWS
        and mean > (1 + MIN_MAE_RISE) * baseline.value
        and mean_z(mean, variance, rows, baseline) > MIN_SLICE_Z
    )
