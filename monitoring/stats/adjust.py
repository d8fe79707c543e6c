"""P-values of several tests, adjusted for their number."""

from __future__ import annotations

import math
from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for multiple tests (Benjamini and Hochberg 1995), in their order.

    Rejecting those of at most ``q`` bounds the false discovery rate by ``q``; if nothing is there
    to be found, the probability of any rejection. NaN stays NaN and is not counted as a test.
    """
    adjusted = list(p_values)
    known = [index for index, p in enumerate(p_values) if not math.isnan(p)]
    least = 1.0
    for rank, index in sorted(
        enumerate(sorted(known, key=lambda index: p_values[index]), 1), reverse=True
    ):
        least = min(least, p_values[index] * len(known) / rank)
        adjusted[index] = least
    return adjusted
