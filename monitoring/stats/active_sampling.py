"""Means over rows that were chosen for a label with known probabilities, with their intervals.

Rows whose label teaches most are chosen more often (active testing: Kossen, Farquhar, Gal and
Rainforth 2021; active risk estimation: Sawade, Landwehr, Bickel and Scheffer 2010), so each
counts with the inverse of its probability (Horvitz and Thompson 1952), divided by the sum of these
weights (Hájek 1971): a label that never came back then biases nothing, if it is missing at random.
If losses were expected before, only the deviations from them are estimated (the difference
estimator: Särndal, Swensson and Wretman 1992, chapter 6).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import MANY_DEGREES, student_quantile

Floats = npt.NDArray[np.float64]

PRIOR_DEGREES = 5.0
"""Degrees of freedom that the variance expected of the losses is worth: with few labels no
surprising row may be among them, and the variance between labels would be too small."""


class Expected(NamedTuple):
    """Losses that were expected before the labels came; they need not be right."""

    losses: Floats
    """Of the labelled rows, shape (n,)."""
    mean: float
    """Over all rows that could have been chosen, labelled or not."""


class WeightedMean(NamedTuple):
    """An estimated mean loss."""

    value: float
    variance: float
    """Of the value; NaN for fewer than two rows."""
    rows: int
    degrees: float
    """Degrees of freedom of the variance (Satterthwaite 1946): few if a few rows dominate it."""
    low: float
    high: float
    """95 % interval."""
    effective_rows: float
    """Kish's (1965) effective sample size: (Σ w)² / Σ w²."""

    @property
    def error(self) -> float:
        """Standard error."""
        return math.sqrt(self.variance)


def weighted_mean(
    losses: Floats,
    probabilities: Floats,
    *,
    expected: Expected | None = None,
    share: bool = False,
    finite: bool = True,
) -> WeightedMean:
    """The mean loss of all rows, from labelled ones, of a slice or of everything.

    ``losses``: of the labelled rows, shape (n,). ``probabilities``: with which each was chosen,
    in (0, 1], shape (n,). ``share``: losses are 0 or 1. ``finite``: the mean over the rows that
    could have been chosen is meant, so a row that was certain to be chosen adds no variance; False:
    that of whatever these rows are a sample of, as for a comparison with other rows. Raises
    ``ValueError`` for arrays of different lengths, a probability that is none, or no finite loss.
    """
    _check(losses, probabilities, expected)
    rows = len(losses)
    weights = 1 / probabilities
    total = float(weights.sum())
    base = expected.losses if expected is not None else np.zeros(rows)
    residuals = losses - base
    deviation = float((weights * residuals).sum()) / total
    value = deviation + (expected.mean if expected is not None else 0.0)
    spread = (1 - probabilities) if finite else np.ones(rows)
    variance, degrees = _variance(weights * (residuals - deviation) / total, spread)
    if rows < 2 or (not finite and rows < 2):
        variance, degrees = math.nan, 0.0
    reference = value
    if share and expected is not None and not math.isnan(variance):
        anticipated = float((spread * weights**2 * base * (1 - base)).sum()) / total**2
        known = min(degrees, float(rows))
        degrees = known + PRIOR_DEGREES
        variance = (known * variance + PRIOR_DEGREES * anticipated) / degrees
        reference = (known * _within(value) + PRIOR_DEGREES * expected.mean) / degrees
    low, high = _interval(value, variance, degrees, reference if share else None, rows)
    kish = total**2 / float((weights**2).sum())
    return WeightedMean(value, variance, rows, degrees, low, high, kish)


def design_effect(found: WeightedMean, simple: float) -> float:
    """The variance over that of as many rows drawn at random; ``simple``: variance of one loss."""
    return found.variance * found.rows / simple if simple > 0 else math.nan


def anticipated_variance(probabilities: Floats, variances: Floats) -> float:
    """The variance that the mean over all rows will have, before any label is known.

    ``probabilities`` and ``variances`` of the loss around what is expected: of all rows that can
    be chosen, shape (n,).
    """
    return float(((1 / probabilities - 1) * variances).sum()) / len(probabilities) ** 2


def _variance(influence: Floats, spread: Floats) -> tuple[float, float]:
    """Variance of a total under nearly maximal entropy (Hájek 1964), and its degrees of freedom.

    ``influence``: of each row on the total, divided by its probability; ``spread``: 1 minus the
    probability, or 1 for rows that are a sample of others.
    """
    rows, open_ = len(influence), float(spread.sum())
    if rows < 2:
        return math.nan, 0.0
    if open_ <= 0:
        return 0.0, math.inf
    centre = float((spread * influence).sum()) / open_
    parts = spread * (influence - centre) ** 2
    total = float(parts.sum())
    if total <= 0:
        return 0.0, rows - 1.0
    # The variance of a sum of squares with these parts is that of a chi-square of so many degrees.
    relative = float((parts**2).sum()) / total**2 - 1 / rows
    degrees = 2 / relative if relative > 0 else math.inf
    return rows / (rows - 1) * total, max(1.0, min(degrees, rows - 1.0))


def _interval(
    value: float, variance: float, degrees: float, share: float | None, rows: int
) -> tuple[float, float]:
    """95 % interval: Student's t, of a share Wilson's (1927) with an effective number of rows.

    ``share``: the share at which the variance was measured; None for other means.
    """
    if math.isnan(variance):
        return math.nan, math.nan
    quantile = student_quantile(0.975, min(max(degrees, 1.0), 2 * MANY_DEGREES))
    if share is None:
        half = quantile * math.sqrt(variance)
        return value - half, value + half
    centre = _within(value)
    if variance <= 0 and share in (0.0, 1.0):
        # All labels are alike: as many rows as there are labels say so.
        return (0.0, _wilson(0.0, rows, quantile)[1]) if share == 0 else (
            _wilson(1.0, rows, quantile)[0], 1.0)  # fmt: skip
    if variance <= 0:
        return centre, centre
    at = min(max(_within(share), 0.5 / (rows + 1)), 1 - 0.5 / (rows + 1))
    return _wilson(centre, at * (1 - at) / variance, quantile)


def _wilson(share: float, rows: float, quantile: float) -> tuple[float, float]:
    square = quantile**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = quantile / (1 + square / rows)
    half *= math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))


def _check(losses: Floats, probabilities: Floats, expected: Expected | None) -> None:
    lengths = {len(losses), len(probabilities), *([len(expected.losses)] if expected else [])}
    if len(lengths) > 1 or not len(losses):
        raise ValueError(f"expected as many losses as probabilities, got {sorted(lengths)}")
    if not ((probabilities > 0) & (probabilities <= 1)).all():
        raise ValueError("expected probabilities above 0, at most 1")
    if not (np.isfinite(losses).all() and (expected is None or np.isfinite(expected.losses).all())):
        raise ValueError("expected finite losses")
