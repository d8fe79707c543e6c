"""Excess of the loss of many slices at once over what is expected, as standard normal values.

Slices are ranked by it on the half that screens; :mod:`monitoring.stats.slice_tests` tests those
that are left, on the other half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitoring.stats.slice_tables import Sums

Floats = npt.NDArray[np.float64]


def scores(slices: Sums, total: Sums, *, binary: bool, own: bool) -> tuple[Floats, Floats]:
    """The excess of each slice, and its standard normal value: shape of ``slices``.

    ``total``: the sums of all rows; of a shape that broadcasts. ``own``: against the rows' own
    expected loss, not against the rest.
    """
    if binary:
        return (_own_shares if own else _shares)(slices, total)
    return _means(slices, total, own)


def _shares(slices: Sums, total: Sums) -> tuple[Floats, Floats]:
    """Shares of 0/1 losses against the rest: the signed root of the likelihood ratio."""
    n, wrong = slices.rows, slices.loss
    others, rest = total.rows - n, total.loss - wrong
    share, beside = wrong / n, rest / others
    pooled = total.loss / total.rows
    ratio = n * _divergence(share, pooled) + others * _divergence(beside, pooled)
    excess = share - beside
    return excess, np.sign(excess) * np.sqrt(np.maximum(2 * ratio, 0))


def _own_shares(slices: Sums, total: Sums) -> tuple[Floats, Floats]:
    """Shares of 0/1 losses against the expected share, and no better beside the rest's excess."""
    n = slices.rows
    share, expected = slices.loss / n, slices.other / n
    excess = share - expected
    alone = np.sign(excess) * np.sqrt(2 * n * _divergence(share, expected))
    others = total.rows - n
    beside = (total.loss - slices.loss - total.other + slices.other) / others
    variance = (expected * (1 - expected)) / n
    rest = (total.other - slices.other) / others
    variance = variance + rest * (1 - rest) / others
    apart = (excess - beside) / np.sqrt(np.maximum(variance, 1e-300))
    return excess, np.where(beside > 0, np.minimum(alone, apart), alone)


def _means(slices: Sums, total: Sums, own: bool) -> tuple[Floats, Floats]:
    """Means of real losses, over the standard error that all rows have in common.

    With a variance of its own, a part of a weak slice whose losses vary more (as those of larger
    means do) would score less than the whole. The squares of these scores add up over disjoint
    rows, as sums of squares do.
    """
    n, others = slices.rows, total.rows - slices.rows
    mean, beside = slices.loss / n, (total.loss - slices.loss) / others
    variance = total.other / total.rows - (total.loss / total.rows) ** 2
    excess = mean if own else mean - beside
    least = np.minimum(mean, mean - beside) if own else excess
    return excess, least / np.sqrt(np.maximum(variance * (1 / n + 1 / others), 1e-300))


def _divergence(share: Floats, expected: Floats) -> Floats:
    """Kullback and Leibler's divergence of two Bernoulli distributions, in nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(share > 0, share * np.log(share / np.maximum(expected, 1e-12)), 0.0)
        miss = np.where(
            share < 1, (1 - share) * np.log((1 - share) / np.maximum(1 - expected, 1e-12)), 0.0
        )
    divergence: Floats = np.maximum(hit + miss, 0.0)
    return divergence
