"""Quality in a slice, with confidence intervals and tests against the packaged baseline.

``packager/deploy/prometheus/promql.py`` has the same formulas in PromQL, with these constants.
"""

from __future__ import annotations

import math

from monitoring.stats.intervals import variance_of_sums

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


def mae_z(
    total: float, squares: float, rows: float, baseline: float, baseline_rows: float
) -> float:
    """z of the live mean absolute error minus ``baseline``.

    ``total`` and ``squares`` are the sums of absolute and of squared errors. The variance of the
    live errors is used for both sides, because a server exports no variance of the baseline. NaN
    without rows or variance.
    """
    if rows <= 0 or baseline_rows <= 0:
        return math.nan
    variance = variance_of_sums(total, squares, rows) * (1 / rows + 1 / baseline_rows)
    return (total / rows - baseline) / math.sqrt(variance) if variance > 0 else math.nan


def mae_regressed(
    total: float, squares: float, rows: float, baseline: float, baseline_rows: float
) -> bool:
    """Whether the error grew by more than ``MIN_MAE_RISE``, significantly, on enough labels."""
    return (
        rows >= MIN_SLICE_ROWS
        and total / rows > (1 + MIN_MAE_RISE) * baseline
        and mae_z(total, squares, rows, baseline, baseline_rows) > MIN_SLICE_Z
    )
