"""The normal distribution and Student's t, without SciPy: a worker may lack it."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_MAX_TERMS = 20_000
_TINY = 1e-300
_PRECISION = 1e-15
_CLOSE = 1e-13
MANY_DEGREES = 1e7
"""Above, Student's t is the normal distribution to 1e-8."""


def normal_tail(z: float) -> float:
    """The probability that a standard normal variable exceeds ``z``; NaN for NaN."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def normal_quantile(share: float) -> float:
    """The value that a standard normal variable exceeds with probability 1 - ``share``."""
    return _NORMAL.inv_cdf(share)


def student_tail(t: float, degrees: float) -> float:
    """The probability that Student's t with ``degrees`` > 0 exceeds ``t``; NaN for NaN."""
    if math.isnan(t):
        return math.nan
    if degrees > MANY_DEGREES:
        return normal_tail(t)
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    outside = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))
    return outside if t >= 0 else 1 - outside


def student_quantile(share: float, degrees: float) -> float:
    """The value that Student's t exceeds with probability 1 - ``share``, 0 < share < 1."""
    if degrees > MANY_DEGREES:
        return normal_quantile(share)
    if share < 0.5:
        return -student_quantile(1 - share, degrees)
    tail_share, low, high = 1 - share, 0.0, math.inf
    value = normal_quantile(share)
    for _ in range(200):
        tail = student_tail(value, degrees)
        low, high = (value, high) if tail > tail_share else (low, value)
        # Newton's step, or a bisection if it leaves what is known.
        following = value + (tail - tail_share) / _student_density(value, degrees)
        if not low < following < high:
            following = 2 * value + 1 if math.isinf(high) else (low + high) / 2
        if abs(following - value) <= _CLOSE * max(1.0, following):
            break
        value = following
    return value


def _student_density(t: float, degrees: float) -> float:
    scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    power = (degrees + 1) / 2 * math.log1p(t * t / degrees)
    return math.exp(scale - power) / math.sqrt(degrees * math.pi)


def f_tail(value: float, above: float, below: float) -> float:
    """The probability that F with ``above`` and ``below`` degrees of freedom exceeds ``value``.

    NaN for NaN.
    """
    if math.isnan(value):
        return math.nan
    below = min(below, MANY_DEGREES)
    return incomplete_beta(below / 2, above / 2, below / (below + above * max(0.0, value)))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function for a, b > 0 and 0 <= x <= 1.

    By the continued fraction of Abramowitz and Stegun (1964), 26.5.8.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction by the method of Lentz (1976)."""
    above, below = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = below
    for term in range(1, _MAX_TERMS):
        even = term * (b - term) * x / ((a + 2 * term - 1) * (a + 2 * term))
        below = 1 / _not_zero(1 + even * below)
        above = _not_zero(1 + even / above)
        fraction *= above * below
        odd = -(a + term) * (a + b + term) * x / ((a + 2 * term) * (a + 2 * term + 1))
        below = 1 / _not_zero(1 + odd * below)
        above = _not_zero(1 + odd / above)
        change = above * below
        fraction *= change
        if abs(change - 1) < _PRECISION:
            break
    return fraction


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
