"""Upper tails of the distributions that the tests of slices use, without scipy."""

from __future__ import annotations

import math

import numpy as np

_STEPS = 300
_PRECISE = 1e-15


def normal_tail(z: float) -> float:
    """P(Z >= z), Z standard normal."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def binomial_tail(hits: int, trials: int, share: float) -> float:
    """P(X >= hits), X binomial with ``trials`` trials of probability ``share``."""
    if hits <= 0 or share >= 1:
        return 1.0
    if hits > trials or share <= 0:
        return 0.0
    if hits < trials * share:  # the sum is over the shorter side
        return 1.0 - _binomial_below(hits, trials, share)
    first = _log_choose(trials, hits) + hits * math.log(share)
    first += (trials - hits) * math.log1p(-share)
    place = np.arange(hits, trials)
    ratios = (trials - place) / (place + 1.0) * (share / (1 - share))
    return min(1.0, math.exp(first) * (1.0 + float(np.cumprod(ratios).sum())))


def hypergeometric_tail(hits: int, drawn: int, marked: int, total: int) -> float:
    """P(X >= hits), X the marked ones among ``drawn`` of ``total``, of which ``marked`` are.

    It is the one-sided p-value of Fisher's exact test (1935).
    """
    least, most = max(0, drawn + marked - total), min(drawn, marked)
    if hits <= least:
        return 1.0
    if hits > most:
        return 0.0
    if hits * total < drawn * marked:
        return 1.0 - hypergeometric_tail(drawn - hits + 1, drawn, total - marked, total)
    first = _log_choose(marked, hits) + _log_choose(total - marked, drawn - hits)
    first -= _log_choose(total, drawn)
    place = np.arange(hits, most, dtype=np.float64)
    ratios = (marked - place) * (drawn - place)
    ratios /= (place + 1.0) * (total - marked - drawn + place + 1.0)
    return min(1.0, math.exp(first) * (1.0 + float(np.cumprod(ratios).sum())))


def student_tail(t: float, freedom: float) -> float:
    """P(T >= t), T Student's with ``freedom`` degrees of freedom, which needn't be whole."""
    if freedom <= 0:
        return math.nan
    half = 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))
    return half if t > 0 else 1.0 - half


def _binomial_below(hits: int, trials: int, share: float) -> float:
    return binomial_tail(trials - hits + 1, trials, 1 - share)


def _log_choose(total: int, some: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(some + 1) - math.lgamma(total - some + 1)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz 1976)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    scale += a * math.log(x) + b * math.log1p(-x)
    tiny = 1e-300
    last, ratio = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    found = ratio
    for step in range(1, _STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            ratio = 1 / (1 + term * ratio or tiny)
            last = 1 + term / last or tiny
            found *= ratio * last
        if abs(ratio * last - 1) < _PRECISE:
            break
    return math.exp(scale) * found / a
