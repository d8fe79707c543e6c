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

REFUTED = 2.0
"""Losses that exceed what was expected by so many standard errors refute the expectation."""
MIN_SKEWNESS, MAX_SKEWNESS = 1e-3, 0.3
"""Below, an interval is symmetric; of more, its upper end would depend on single labels."""


class ExpectedLosses(NamedTuple):
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
    expected: ExpectedLosses | None = None,
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
    influence = weights * (residuals - deviation) / total
    variance, degrees = _variance(influence, spread)
    reference = value
    refuted = deviation > REFUTED * math.sqrt(variance) if variance > 0 else False
    if share and expected is not None and not math.isnan(variance) and not refuted:
        anticipated = float((spread * weights**2 * base * (1 - base)).sum()) / total**2
        known = min(degrees, float(rows))
        degrees = known + PRIOR_DEGREES
        variance = (known * variance + PRIOR_DEGREES * anticipated) / degrees
        reference = (known * _within(value) + PRIOR_DEGREES * expected.mean) / degrees
    if share:
        low, high = _share_interval(value, variance, degrees, reference, rows)
    else:
        low, high = _mean_interval(value, variance, degrees, _skewness(influence, spread))
    kish = total**2 / float((weights**2).sum())
    return WeightedMean(value, variance, rows, degrees, low, high, kish)


def design_effect(mean: WeightedMean, simple: float) -> float:
    """The variance over that of as many rows drawn at random; ``simple``: variance of one loss."""
    return mean.variance * mean.rows / simple if simple > 0 else math.nan


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
    relative = float(((parts / total) ** 2).sum()) - 1 / rows
    degrees = 2 / relative if relative > 0 else math.inf
    return rows / (rows - 1) * total, max(1.0, min(degrees, rows - 1.0))


def _skewness(influence: Floats, spread: Floats) -> float:
    """Skewness of the estimate, from -``MAX_SKEWNESS`` to ``MAX_SKEWNESS``."""
    total = float((spread * influence**2).sum())
    if total <= 0:
        return 0.0
    skewness = float((spread * (influence / math.sqrt(total)) ** 3).sum())
    return min(MAX_SKEWNESS, max(-MAX_SKEWNESS, skewness))


def _mean_interval(
    value: float, variance: float, degrees: float, skewness: float
) -> tuple[float, float]:
    """95 % interval by Student's t, corrected for skewness by the transformation of Hall (1992)."""
    if math.isnan(variance):
        return math.nan, math.nan
    quantile, error = _quantile(degrees), math.sqrt(variance)
    if abs(skewness) < MIN_SKEWNESS:
        return value - quantile * error, value + quantile * error
    ends = [
        3 / skewness * (float(np.cbrt(1 + skewness * (end - skewness / 6))) - 1)
        for end in (quantile, -quantile)
    ]
    return value - ends[0] * error, value - ends[1] * error


def _share_interval(
    value: float, variance: float, degrees: float, reference: float, rows: int
) -> tuple[float, float]:
    """95 % interval of a share: Wilson's (1927) with an effective number of rows.

    ``reference``: the share at which the variance was measured.
    """
    if math.isnan(variance):
        return math.nan, math.nan
    quantile, centre = _quantile(degrees), _within(value)
    if variance <= 0:
        if math.isinf(degrees):  # every row was certain to be chosen
            return centre, centre
        # All labels are alike: as many rows as there are labels say so.
        low, high = _wilson(centre, rows, quantile)
        return (low if centre else 0.0), (high if centre < 1 else 1.0)
    least = 0.5 / (rows + 1)
    at = min(max(_within(reference), least), 1 - least)
    return _wilson(centre, at * (1 - at) / variance, quantile)


def _quantile(degrees: float) -> float:
    return student_quantile(0.975, min(max(degrees, 1.0), 2 * MANY_DEGREES))


def _wilson(share: float, rows: float, quantile: float) -> tuple[float, float]:
    square = quantile**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = quantile / (1 + square / rows)
    half *= math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))


def _check(losses: Floats, probabilities: Floats, expected: ExpectedLosses | None) -> None:
    lengths = {len(losses), len(probabilities), *([len(expected.losses)] if expected else [])}
    if len(lengths) > 1 or not len(losses):
        raise ValueError(f"expected as many losses as probabilities, got {sorted(lengths)}")
    if not ((probabilities > 0) & (probabilities <= 1)).all():
        raise ValueError("expected probabilities above 0, at most 1")
    if not (np.isfinite(losses).all() and (expected is None or np.isfinite(expected.losses).all())):
        raise ValueError("expected finite losses")
