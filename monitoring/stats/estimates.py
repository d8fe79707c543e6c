"""A metric with its sampling variance, and the comparison of two such estimates.

The variance is that of the mean of the metric's influences, one number per row (the delta method:
van der Vaart, Asymptotic Statistics, 1998, chapters 3 and 20). If rows come in groups, influences
are added up per group first (the linearized cluster variance: Wolter, Introduction to Variance
Estimation, 2007, chapter 6).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from monitoring.scoring.metric import Metric
from monitoring.stats.clusters import Codes, mean_variance
from monitoring.stats.distributions import student_quantile, student_tail


class Estimate(NamedTuple):
    """A metric over rows that are a sample."""

    value: float
    variance: float
    """Of the value; NaN if it is unknown."""
    rows: float
    degrees: float
    """Independent units less one: rows, or groups of rows."""
    share: bool = False
    """Whether the value is a mean of zeros and ones."""

    @property
    def design_effect(self) -> float:
        """The variance over that of as many independent rows (Kish 1965); of shares only.

        1 if all rows are alike, which leaves it unknown.
        """
        simple = self.value * (1 - self.value) / max(1.0, self.rows - 1)
        return self.variance / simple if simple > 0 else 1.0


class Comparison(NamedTuple):
    """Amount by which ``after`` exceeds ``before``."""

    difference: float
    error: float
    """Standard error of the difference."""
    degrees: float
    statistic: float
    """The difference over the standard error under the hypothesis that nothing changed."""

    def p_value(self, direction: int) -> float:
        """One-sided: how probable a difference this large in ``direction`` (1, -1) is by chance."""
        return student_tail(direction * self.statistic, self.degrees)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The interval of the difference."""
        half = student_quantile((1 + level) / 2, self.degrees) * self.error
        return self.difference - half, self.difference + half


def estimate(metric: Metric, groups: Codes | None = None) -> Estimate:
    """The metric with its variance; ``groups``: the group of each of its rows, shape (n,).

    The variance is NaN for a metric without influences, and for fewer than two rows or groups.
    """
    influence = metric.influence
    if influence is None:
        return Estimate(metric.value, math.nan, math.nan, math.nan)
    variance, units = mean_variance(influence, groups)
    return Estimate(metric.value, variance, len(influence), units - 1)


def compare(before: Estimate, after: Estimate) -> Comparison:
    """Compare two independent estimates; degrees by Welch and Satterthwaite (1946).

    Shares are tested with their pooled variance, inflated by the design effects, so that a share
    of 0 or 1 doesn't count as known without error.
    """
    variance = before.variance + after.variance
    difference = after.value - before.value
    if math.isnan(variance):
        return Comparison(difference, math.nan, 1.0, math.nan)
    tested = _pooled(before, after) if before.share and after.share else variance
    degrees = _degrees(before, after)
    error = math.sqrt(variance if math.isnan(variance) else max(variance, tested))
    statistic = difference / math.sqrt(tested) if tested > 0 else _without_error(difference)
    if math.isnan(tested):
        statistic = math.nan
    return Comparison(difference, error, degrees, statistic)


def visible_difference(error: float, degrees: float, alpha: float, power: float = 0.8) -> float:
    """The smallest true difference that a one-sided test at ``alpha`` finds with ``power``."""
    return error * (student_quantile(1 - alpha, degrees) + student_quantile(power, degrees))


def against_value(estimated: Estimate, value: float) -> Comparison:
    """Compare an estimate with a fixed value; a share by its variance if that value were true."""
    difference = estimated.value - value
    tested = estimated.variance
    if estimated.share:
        tested = value * (1 - value) / max(1.0, estimated.rows) * estimated.design_effect
    statistic = difference / math.sqrt(tested) if tested > 0 else _without_error(difference)
    error = math.sqrt(max(estimated.variance, tested))
    return Comparison(difference, error, max(1.0, estimated.degrees), statistic)


def _pooled(before: Estimate, after: Estimate) -> float:
    rows = before.rows + after.rows
    pooled = (before.value * before.rows + after.value * after.rows) / rows
    weights = before.design_effect / before.rows + after.design_effect / after.rows
    return pooled * (1 - pooled) * weights


def _degrees(before: Estimate, after: Estimate) -> float:
    variance = before.variance + after.variance
    parts = [
        one.variance**2 / one.degrees
        for one in (before, after)
        if one.variance > 0 and one.degrees > 0
    ]
    if not sum(parts) > 0:
        return max(1.0, before.degrees + after.degrees)
    return max(1.0, variance**2 / sum(parts))


def _without_error(difference: float) -> float:
    return difference * math.inf if difference else difference
