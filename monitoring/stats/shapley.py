"""Shapley values: what each of several players adds to a value that all of them make together.

The only shares that add up to the whole, are equal for players that change the same, are zero for
those that change nothing, and add up over rows (Shapley, A Value for n-Person Games, 1953). They
are exact: the value of every coalition is known.

A coalition is a number whose bit ``i`` says whether player ``i`` is in it: 0 is nobody,
``2**k - 1`` everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial, isfinite, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.stats.clusters import Codes, mean_variance
from monitoring.stats.distributions import student_quantile

Floats = npt.NDArray[np.float64]
MAX_PLAYERS = 9
"""The members of a solution, and its flow: 512 coalitions."""


class MeanShare(NamedTuple):
    """The mean of a contribution over rows, with its 95 % interval."""

    value: float
    low: float
    """NaN, as ``high``, for fewer than two independent rows."""
    high: float


def coalitions(players: int) -> Iterator[tuple[int, ...]]:
    """The players of each coalition, by the number of the coalition.

    Raises ``ValueError`` for more than ``MAX_PLAYERS``.
    """
    if not 0 <= players <= MAX_PLAYERS:
        raise ValueError(f"expected at most {MAX_PLAYERS} players, got {players}")
    for number in range(2**players):
        yield tuple(player for player in range(players) if number >> player & 1)


def contributions(values: Floats) -> Floats:
    """The contribution of each player to the value of each row, shape (k, n).

    ``values``: of each coalition and row, shape (2**k, n). The sum over players is the value of
    everybody minus that of nobody.
    """
    players = len(values).bit_length() - 1
    if len(values) != 2**players:
        raise ValueError(f"expected the values of 2**k coalitions, got {len(values)}")
    added = np.zeros((players, values.shape[1]))
    for number, inside in enumerate(coalitions(players)):
        for player in range(players):
            if player not in inside:
                weight = _weight(len(inside), players)
                added[player] += weight * (values[number | 1 << player] - values[number])
    return added


def mean_share(contribution: Floats, groups: Codes | None = None) -> MeanShare:
    """The mean of one player's contributions, shape (n,), n > 0.

    ``groups``: the group of each row, if rows belong together. The interval is Student's, of the
    linearized cluster variance (:func:`monitoring.stats.clusters.mean_variance`).
    """
    value = float(contribution.mean())
    variance, units = mean_variance(contribution - value, groups)
    if not isfinite(variance):
        return MeanShare(value, variance, variance)
    half = student_quantile(0.975, units - 1) * sqrt(variance)
    return MeanShare(value, value - half, value + half)


def _weight(size: int, players: int) -> float:
    """The share of all orders in which just ``size`` certain players come before a certain one."""
    return factorial(size) * factorial(players - size - 1) / factorial(players)
