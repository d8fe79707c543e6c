"""Calibration from bins of confidence: the gap of a model, and the change between two samples.

The rows of a bin have about the same confidence. Two samples are compared bin by bin, so that a
change of the mix of easy and hard rows is no change of calibration.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import f_tail
from monitoring.stats.estimates import Comparison

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
BINS = 20
"""Equally wide, from 0 to 1; closed on the right, as scikit-learn's ``calibration_curve``."""
MIN_OUTCOMES = 10
"""Independent right and wrong answers, of both samples, in a bin that is tested."""
MIN_BIN_ROWS = 20
"""Independent rows of each sample in it."""


class ReliabilityBins(NamedTuple):
    """Sums over the rows of each bin, shapes (bins,)."""

    rows: Floats
    confidence: Floats
    right: Floats
    design_effect: float = 1.0
    """Of the mean difference between right and confidence."""
    degrees: float = math.inf
    """Independent units less one."""

    @property
    def accuracy(self) -> float:
        """The share of right answers; NaN without rows."""
        return float(self.right.sum() / self.rows.sum()) if self.rows.sum() else math.nan


class CalibrationChange(NamedTuple):
    """Calibration of one sample against that of another, at equal confidence."""

    level: Comparison
    """Accuracy, less what the first sample gives for the same confidence."""
    gap: float
    """Root mean square difference of the bins, without what chance explains; 0 or more."""
    gap_high: float
    """Upper end of its one-sided 97.5 % interval."""
    p_gap: float
    bins: int
    """Bins that were tested, after small ones were merged."""


def reliability_bins(confidence: Floats, right: Flags, bins: int = BINS) -> ReliabilityBins:
    """The sums of rows with a ``confidence`` (0 to 1) and whether they were ``right``: (n,)."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    indices = np.searchsorted(edges[1:-1], confidence)
    rows, sure, hits = (
        np.bincount(indices, weights=weights, minlength=bins).astype(np.float64)
        for weights in (None, confidence, right)
    )
    return ReliabilityBins(rows, sure, hits)


def calibration_error(bins: ReliabilityBins) -> float:
    """The expected calibration error (Naeini 2015): mean |accuracy - confidence| of the bins.

    Larger than 0 by chance for a calibrated model too: :func:`debiased_gap`.
    """
    return float(np.abs(bins.right - bins.confidence).sum() / bins.rows.sum())


def debiased_gap(bins: ReliabilityBins) -> float:
    """Root mean square difference of accuracy and confidence, without what chance explains.

    Its square has an expectation of 0 for a calibrated model (Kumar, Liang and Ma 2019), before it
    is cut off at 0. NaN if no bin has two rows.
    """
    used = bins.rows > 1
    rows, confidence, right = bins.rows[used], bins.confidence[used], bins.right[used]
    if not len(rows):
        return math.nan
    share = right / rows
    noise = share * (1 - share) / (rows - 1) * bins.design_effect
    squares = ((right - confidence) / rows) ** 2 - noise
    return math.sqrt(max(0.0, float((rows * squares).sum() / rows.sum())))


def compare_calibration(
    before: ReliabilityBins, after: ReliabilityBins
) -> CalibrationChange | None:
    """By how much ``after`` differs from ``before`` in bins of equal confidence.

    The differences of the bins are tested together as in Hotelling's test with known covariance
    zero. None if no bin can be tested.
    """
    one, other = _merged(before, after)
    if not len(one.rows):
        return None
    pooled = (one.right + other.right) / (one.rows + other.rows)
    variance = pooled * (1 - pooled)
    variance *= before.design_effect / one.rows + after.design_effect / other.rows
    change = (other.right - other.confidence) / other.rows
    change -= (one.right - one.confidence) / one.rows
    weight = other.rows / other.rows.sum()
    degrees = min(before.degrees, after.degrees)
    level = float((weight * change).sum())
    error = math.sqrt(float((weight**2 * variance).sum()))
    bins = len(change)
    square = float((weight * (change**2 - variance)).sum())
    spread = float((weight**2 * (2 * variance**2 + 4 * change**2 * variance)).sum())
    return CalibrationChange(
        Comparison(level, error, degrees, level / error),
        math.sqrt(max(0.0, square)),
        math.sqrt(max(0.0, square + 1.96 * math.sqrt(spread))),
        _joint(float((change**2 / variance).sum()), bins, degrees),
        bins,
    )


def _joint(chi_square: float, bins: int, degrees: float) -> float:
    """The p-value of the sum of ``bins`` squared t values with ``degrees``."""
    inner = max(1.0, degrees - bins + 1)
    shrunk = 1.0 if math.isinf(degrees) else inner / max(degrees, 1.0)
    return f_tail(chi_square / bins * shrunk, bins, inner)


def _merged(before: ReliabilityBins, after: ReliabilityBins) -> tuple[ReliabilityBins, ...]:
    """Neighbouring bins joined until each can be tested; what is left joins the last."""
    parts: list[list[int]] = []
    open_: list[int] = []
    for index in range(len(before.rows)):
        open_.append(index)
        if _testable(before, after, open_):
            parts.append(open_)
            open_ = []
    if parts:
        parts[-1] += open_

    def joined(values: Floats) -> Floats:
        return np.array([values[part].sum() for part in parts], np.float64)

    return tuple(
        one._replace(
            rows=joined(one.rows), confidence=joined(one.confidence), right=joined(one.right)
        )
        for one in (before, after)
    )


def _testable(before: ReliabilityBins, after: ReliabilityBins, part: list[int]) -> bool:
    samples = (before, after)
    right = sum(float(sample.right[part].sum()) / sample.design_effect for sample in samples)
    rows = [float(sample.rows[part].sum()) / sample.design_effect for sample in samples]
    return min(right, sum(rows) - right) >= MIN_OUTCOMES and min(rows) >= MIN_BIN_ROWS
