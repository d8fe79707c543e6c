"""Quality in a slice, with confidence intervals and tests against the packaged baseline.

``packager/deploy/prometheus/promql.py`` has the same formulas in PromQL, with these constants.
"""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""
MIN_ACCURACY_DROP = 0.02
"""Decrease of accuracy from the baseline that is large enough for an alert."""
MIN_MAE_RISE = 0.1
"""For regression: increase of the mean absolute error, relative to the baseline."""
MIN_SLICE_Z = 3.3
"""One-sided p = 4.8e-4: with 40 slices tested weekly and no regression, one false alarm a year."""
MIN_SLICE_ROWS = 50
"""With fewer labels there is no alert."""


def wilson(right: float, rows: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion (Wilson 1927); NaN without rows."""
    if rows <= 0:
        return math.nan, math.nan
    centre = right + Z95**2 / 2
    # Rounding, or separate extrapolation of two series by Prometheus, may put right above rows.
    half = Z95 * math.sqrt(max(0.0, right * (rows - right) / rows + Z95**2 / 4))
    low, high = (centre - half) / (rows + Z95**2), (centre + half) / (rows + Z95**2)
    return max(0.0, low), min(1.0, high)


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


def mean_interval(total: float, squares: float, rows: float) -> tuple[float, float]:
    """95 % interval of a mean, from the sums of values and of their squares; NaN without rows."""
    if rows <= 0:
        return math.nan, math.nan
    mean = total / rows
    half = Z95 * math.sqrt(_variance(total, squares, rows) / rows)
    return mean - half, mean + half


def mae_z(
    total: float, squares: float, rows: float, baseline: float, baseline_rows: float
) -> float:
    """z of the live mean absolute error minus ``baseline``.

    ``total`` and ``squares`` are the sums of absolute and of squared errors. The variance of the
    live errors is used for both sides, because the baseline's own isn't packaged. NaN without rows
    or variance.
    """
    if rows <= 0 or baseline_rows <= 0:
        return math.nan
    variance = _variance(total, squares, rows) * (1 / rows + 1 / baseline_rows)
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


def _variance(total: float, squares: float, rows: float) -> float:
    return max(0.0, squares / rows - (total / rows) ** 2)
