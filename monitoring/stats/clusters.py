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
    """The design effect of the shares of ``size`` bins together, at least 1.

    ``bins``: the bin of each row, shape (n,), -1 for none. Without drift a chi-square of the bins
    is a sum of independent ones, each times an eigenvalue of the design effects (Rao and Scott
    1981). This is their mean, weighted by themselves (Satterthwaite 1946): a chi-square divided by
    it exceeds a large bound at most about as often as one from independent rows, also if few groups
    or few kinds of group decide. Divided by the plain mean it would do so several times as often.
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
    counts = np.bincount(group * size + bins, minlength=len(units) * size)
    counts = counts.reshape(len(units), size)
    shares = counts.sum(axis=0) / rows
    used = shares > 0
    if used.sum() < 2:
        return 1.0
    # (rows of a group in a bin - share of the bin * rows of the group) / √share; the products of
    # two bins, summed over groups, are the covariance over that of independent rows.
    scaled = (counts - shares * counts.sum(axis=1, keepdims=True))[:, used] / np.sqrt(shares[used])
    effects = scaled.T @ scaled / rows * len(units) / (len(units) - 1)
    total = float(np.trace(effects))
    return max(1.0, float((effects**2).sum()) / total) if total > 0 else 1.0


def _sums(values: Floats, groups: Codes) -> Floats:
    """The sum of ``values`` in each group that has a row."""
    _, group = np.unique(groups, return_inverse=True)
    return np.asarray(np.bincount(group, weights=values), np.float64)
