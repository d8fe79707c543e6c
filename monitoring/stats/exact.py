"""Exact tests and intervals of a share, from the binomial distribution."""

from __future__ import annotations

from collections.abc import Callable

from monitoring.stats.distributions import incomplete_beta

_STEPS = 200


def at_least(count: int, rows: int, share: float) -> float:
    """The probability of ``count`` or more successes in ``rows`` trials of probability ``share``.

    The p-value of a test that a share is no larger. Raise ``ValueError`` for counts outside of
    0 to ``rows``.
    """
    _check(count, rows, share)
    if count == 0:
        return 1.0
    return incomplete_beta(count, rows - count + 1, share)


def at_most(count: int, rows: int, share: float) -> float:
    """The probability of ``count`` or fewer successes in ``rows`` trials of probability ``share``.

    The p-value of a test that a share is no smaller. Raise ``ValueError`` for counts outside of
    0 to ``rows``.
    """
    return at_least(rows - count, rows, 1 - share)


def exact_interval(count: int, rows: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934) of a share; (0, 1) without rows."""
    if rows == 0:
        return 0.0, 1.0
    outside = (1 - level) / 2
    low = 0.0 if count == 0 else _share_where(lambda share: at_least(count, rows, share), outside)
    if count == rows:
        return low, 1.0
    return low, 1 - _share_where(lambda share: at_least(rows - count, rows, share), outside)


def _share_where(tail: Callable[[float], float], probability: float) -> float:
    """The share at which the increasing function ``tail`` is ``probability``."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if tail(middle) < probability else (low, middle)
    return (low + high) / 2


def _check(count: int, rows: int, share: float) -> None:
    if not 0 <= count <= rows:
        raise ValueError(f"expected 0 to {rows} successes, got {count}")
    if not 0 <= share <= 1:
        raise ValueError(f"expected a share from 0 to 1, got {share}")
