"""Rows that belong together: variances of sums by group, and design effects (Kish 1965).

A design effect is the number of dependent rows that say as much as one independent row: the
variance of an estimate over its variance if all rows were independent.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def mean_variance(influence: Floats, groups: Codes | None = None) -> tuple[float, int]:
    """The sampling variance of a mean, and its independent units: rows, or groups of rows.

    ``influence``: deviations from the mean, shape (n,); ``groups``: the group of each row, 0 or
    more, shape (n,). The variance is NaN for fewer than two units.
    """
    rows = len(influence)
    sums = influence if groups is None else _sums(influence, groups)
    units = len(sums)
    if units < 2:
        return math.nan, units
    return float((sums**2).sum()) / rows**2 * units / (units - 1), units


def design_effect(values: npt.NDArray[np.generic], groups: Codes | None) -> float:
    """The design effect of the mean of ``values`` (numbers or flags), shape (n,).

    1 if ``groups`` is None, if all values are equal, or for fewer than two groups.
    """
    if groups is None:
        return 1.0
    known = np.asarray(values, np.float64)
    influence = known - known.mean() if len(known) else known
    simple, _ = mean_variance(influence)
    grouped, _ = mean_variance(influence, groups)
    return grouped / simple if simple > 0 and not math.isnan(grouped) else 1.0


def design_effect_of_bins(bins: Codes, groups: Codes | None, size: int) -> float:
    """The mean design effect of the shares of ``size`` bins, at least 1.

    ``bins``: the bin of each row, shape (n,), -1 for none. A chi-square of the bins, divided by
    it, has about the distribution of one from independent rows (Rao and Scott 1981, first order).
    """
    if groups is None:
        return 1.0
    inside = bins >= 0
    bins, groups = bins[inside], groups[inside]
    rows = len(bins)
    if not rows:
        return 1.0
    units, group = np.unique(groups, return_inverse=True)
    if len(units) < 2:
        return 1.0
    # Σ over groups of (rows of the group in bin k - share of k * rows of the group)².
    counts = np.bincount(group * size + bins, minlength=len(units) * size)
    counts = counts.reshape(len(units), size)
    shares = counts.sum(axis=0) / rows
    spread = ((counts - shares * counts.sum(axis=1, keepdims=True)) ** 2).sum(axis=0)
    used = shares > 0
    variances = spread[used] / rows**2 * len(units) / (len(units) - 1)
    freedom = int(used.sum()) - 1
    if freedom < 1:
        return 1.0
    # (1 - share) * design effect = variance * rows / share, for a simple variance
    # share * (1 - share) / rows.
    return max(1.0, float((variances * rows / shares[used]).sum()) / freedom)


def _sums(values: Floats, groups: Codes) -> Floats:
    """The sum of ``values`` in each group that has a row."""
    _, group = np.unique(groups, return_inverse=True)
    return np.asarray(np.bincount(group, weights=values), np.float64)
