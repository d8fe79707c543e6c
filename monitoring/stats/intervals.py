"""95 % confidence intervals of shares and means.

Those of shares are Wilson's score intervals (Wilson 1927), which stay between 0 and 1; for an
estimated standard error, with the number of rows that gives it (Korn and Graubard 1998).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import student_quantile

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def wilson(right: float, rows: float) -> Interval:
    """Wilson's interval of ``right / rows``; NaN without rows."""
    if rows <= 0:
        return math.nan, math.nan
    centre = right + Z95**2 / 2
    # Rounding, or separate extrapolation of two series by Prometheus, may put right above rows.
    half = Z95 * math.sqrt(max(0.0, right * (rows - right) / rows + Z95**2 / 4))
    low, high = (centre - half) / (rows + Z95**2), (centre + half) / (rows + Z95**2)
    return max(0.0, low), min(1.0, high)


def share_interval(value: float, influence: Floats, fewest: int) -> Interval:
    """Wilson's interval of ``value``, a metric between 0 and 1.

    Its standard error is that of the mean of ``influence``, shape (n,); if that is 0, that of
    ``fewest`` rows.
    """
    variance = float((influence**2).sum()) / len(influence) ** 2
    spread = value * (1 - value)
    rows = spread / variance if variance > 0 and spread > 0 else float(fewest)
    return wilson(value * rows, rows)


def mean_interval(values: Floats) -> Interval | None:
    """Student's t interval of the mean of ``values``, shape (n,); None for fewer than 2."""
    rows = len(values)
    if rows < 2:
        return None
    half = _t975(rows - 1) * float(values.std(ddof=1)) / math.sqrt(rows)
    mean = float(values.mean())
    return mean - half, mean + half


def sums_interval(total: float, squares: float, rows: float) -> Interval:
    """The normal interval of a mean, from sums of values and of their squares; NaN without rows."""
    if rows <= 0:
        return math.nan, math.nan
    mean = total / rows
    half = Z95 * math.sqrt(variance_of_sums(total, squares, rows) / rows)
    return mean - half, mean + half


def variance_of_sums(total: float, squares: float, rows: float) -> float:
    """The variance of ``rows`` > 0 values from their sum and the sum of their squares."""
    return max(0.0, squares / rows - (total / rows) ** 2)


def _t975(degrees: int) -> float:
    # To 12 digits: the last ones depend on the processor, and an interval is part of a package.
    return float(f"{student_quantile(0.975, degrees):.12g}")
