"""Fisher's exact test (1935) of two shares."""

from __future__ import annotations

import math

import numpy as np


def hypergeometric_tail(hits: int, drawn: int, marked: int, total: int) -> float:
    """P(X >= hits), X the marked ones among ``drawn`` of ``total``, of which ``marked`` are.

    The one-sided p-value of the test that the drawn ones are marked no more often than the others.
    """
    least, most = max(0, drawn + marked - total), min(drawn, marked)
    if hits <= least:
        return 1.0
    if hits > most:
        return 0.0
    if hits * total < drawn * marked:  # the sum is over the shorter side
        return 1.0 - hypergeometric_tail(drawn - hits + 1, drawn, total - marked, total)
    first = _log_choose(marked, hits) + _log_choose(total - marked, drawn - hits)
    first -= _log_choose(total, drawn)
    index = np.arange(hits, most, dtype=np.float64)
    ratios = (marked - index) * (drawn - index)
    ratios /= (index + 1.0) * (total - marked - drawn + index + 1.0)
    return min(1.0, math.exp(first) * (1.0 + float(np.cumprod(ratios).sum())))


def _log_choose(total: int, some: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(some + 1) - math.lgamma(total - some + 1)
