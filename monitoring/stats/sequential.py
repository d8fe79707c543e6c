"""Repeated looks at growing data: a confidence sequence, valid at every look at once.

The normal mixture of Robbins (1970), with the estimated variance (asymptotic: Waudby-Smith et al.
2024). A fixed test that is looked at 40 times is wrong about five times as often as it says.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from monitoring.stats.accuracy import MeanBaseline

MIN_ROWS = 20
"""With fewer, the estimated variance is too uncertain: no interval."""


class ConfidenceSequence(NamedTuple):
    """A confidence sequence of a mean."""

    level: float = 0.95
    """The probability that every interval holds the mean."""
    horizon: float = 2_000.0
    """Rows at which the interval is narrowest for its level."""

    def half_width(self, rows: float, variance: float) -> float:
        """Half the interval's width after ``rows`` with the ``variance`` of a row; may be infinite.

        Infinite for fewer than ``MIN_ROWS`` rows, and if no row differed.
        """
        if rows < MIN_ROWS or not variance > 0:
            return math.inf
        return _boundary(rows * variance, self.horizon * variance, 1 - self.level) / rows

    def interval(self, total: float, squares: float, rows: float) -> tuple[float, float]:
        """The interval of a mean from the sums of values and of their squares."""
        if rows < MIN_ROWS:
            return -math.inf, math.inf
        mean = total / rows
        half = self.half_width(rows, squares / rows - mean**2)
        return mean - half, mean + half


class LastingChange:
    """Intervals of live means minus their baselines, for all slices and every look together.

    The baseline was estimated once and stays; each look adds live rows. The difference over its
    variance is then a Brownian motion in the information, 1 over the variance (Jennison and
    Turnbull 2000, chapter 3), so the mixture's boundary holds for it. Slices share the error
    (Bonferroni).
    """

    def __init__(self, tests: int, level: float = 0.95, horizon: float = 2_000.0) -> None:
        """``tests``: slices compared, at least 1; ``horizon``: as of a ``ConfidenceSequence``."""
        self._alpha = (1 - level) / tests
        self._horizon = horizon

    def of_mean(
        self, mean: float, variance: float, rows: float, baseline: MeanBaseline
    ) -> tuple[float, float]:
        """The interval for errors of ``rows`` independent labels, with the ``variance`` of one.

        Infinite before ``MIN_ROWS`` labels, without held-out rows, and if nothing varies.
        """
        # Errors that are all alike have no variance of their own.
        live = variance if variance > 0 else baseline.variance
        return self._around(mean - baseline.value, live, rows, baseline)

    def of_share(
        self, right: float, rows: float, baseline: float, baseline_rows: float
    ) -> tuple[float, float]:
        """The interval for a share of ``rows`` independent labels."""
        if not rows > 0:
            return -math.inf, math.inf
        known = MeanBaseline(baseline, _share_variance(baseline, baseline_rows), baseline_rows)
        share = right / rows
        return self._around(share - baseline, _share_variance(share, rows), rows, known)

    def _around(
        self, change: float, variance: float, rows: float, baseline: MeanBaseline
    ) -> tuple[float, float]:
        if rows < MIN_ROWS or not baseline.rows > 0 or not variance > 0:
            return -math.inf, math.inf
        noise = baseline.variance / baseline.rows
        information = 1 / (variance / rows + noise)
        planned = 1 / (max(baseline.variance, 1e-9 * variance) / self._horizon + noise)
        half = _boundary(information, planned, self._alpha) / information
        return change - half, change + half


def _boundary(spread: float, horizon: float, alpha: float) -> float:
    """The boundary that a Brownian motion crosses at any time with probability ``alpha`` at most.

    ``spread``: its variance now; ``horizon``: the one for which the boundary is narrowest.
    """
    mixture = horizon / widening(alpha)
    total = spread + mixture
    return math.sqrt(total * math.log(total / (mixture * alpha**2)))


def _share_variance(share: float, rows: float) -> float:
    """With two hits and two misses more (Agresti and Coull 1998): that of 0 and 1 isn't 0."""
    nearer = (share * rows + 2) / (rows + 4)
    return nearer * (1 - nearer)


def widening(alpha: float) -> float:
    """Rows of the horizon over the mixture's parameter that minimizes the width there."""
    twice = -2 * math.log(alpha)
    return twice + math.log(twice) + 1
