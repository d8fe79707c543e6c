"""Repeated looks at growing data: a confidence sequence, valid at every look at once.

The normal mixture of Robbins (1970), with the estimated variance (asymptotic: Waudby-Smith et al.
2024). A fixed test that is looked at 40 times is wrong about five times as often as it says.
"""

from __future__ import annotations

import math
from typing import NamedTuple

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
        alpha = 1 - self.level
        spread = rows * variance
        mixture = self.horizon * variance / _widening(alpha)
        total = spread + mixture
        return math.sqrt(total * math.log(total / (mixture * alpha**2))) / rows

    def interval(self, total: float, squares: float, rows: float) -> tuple[float, float]:
        """The interval of a mean from the sums of values and of their squares."""
        if rows < MIN_ROWS:
            return -math.inf, math.inf
        mean = total / rows
        half = self.half_width(rows, squares / rows - mean**2)
        return mean - half, mean + half


def _widening(alpha: float) -> float:
    """Rows of the horizon over the mixture's parameter that minimizes the width there."""
    twice = -2 * math.log(alpha)
    return twice + math.log(twice) + 1
