"""Calibration of confidences: confidence → P(correct).

Fitted on held-out rows by isotonic regression with the pool-adjacent-violators algorithm (Ayer,
Brunk, Ewing, Reid and Silverman 1955), on groups of rows with similar confidence so that the table
stays small. The mean of its results estimates accuracy before labels arrive (CBPE). Functions
import NumPy when they run, as in :mod:`monitoring.profile.profile`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MIN_ROWS = 100
MAX_STEPS = 50


class Calibration(BaseModel):
    """A monotone step function: ``values[i]`` from ``thresholds[i]`` up to the next threshold.

    Below the first threshold the result is ``values[0]``. Without thresholds it is the identity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thresholds: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    rows: int
    """Held-out rows used for the fit."""
    counts: tuple[int, ...] = ()
    """The counts of each step."""

    def correct(self, confidence: float) -> float:
        """The probability that an answer of this confidence is correct."""
        if not self.thresholds:
            return confidence
        return self.values[max(0, bisect_right(self.thresholds, confidence) - 1)]

    def steps(self, confidences: Floats) -> npt.NDArray[np.int64]:
        """The step of each confidence, shape (n,); there are some."""
        import numpy as np

        indices = np.searchsorted(np.asarray(self.thresholds), confidences, side="right") - 1
        return np.maximum(indices, 0)

    def correct_many(self, confidences: Floats) -> Floats:
        """``correct`` for each confidence; NaN stays NaN."""
        if not self.thresholds:
            return confidences
        import numpy as np

        corrected = np.asarray(self.values)[self.steps(confidences)]
        return np.where(np.isnan(confidences), np.nan, corrected)


def calibrate(confidences: Floats, correct: npt.NDArray[np.bool_]) -> Calibration:
    """Fit on n confidences and whether each answer was correct; NaN confidences are ignored.

    Returns the identity for fewer than ``MIN_ROWS`` rows.
    """
    import numpy as np

    usable = np.isfinite(confidences)
    order = np.argsort(confidences[usable], kind="stable")
    sorted_, right = confidences[usable][order], correct[usable][order].astype(np.float64)
    if len(sorted_) < MIN_ROWS:
        return Calibration(rows=len(sorted_))
    starts = _starts(sorted_)
    weights = np.diff([*starts, len(sorted_)]).astype(np.float64)
    means = np.add.reduceat(right, starts) / weights
    blocks = _pool(means.tolist(), weights.tolist())
    begins = [int(starts[index]) for index, _ in blocks]
    return Calibration(
        thresholds=tuple(float(sorted_[begin]) for begin in begins),
        values=tuple(value for _, value in blocks),
        rows=len(sorted_),
        counts=tuple(np.diff([*begins, len(sorted_)]).tolist()),
    )


def wrong_probability(confidences: Floats, calibration: Calibration | None) -> Floats:
    """The probability that each answer is wrong, shape (n,), never 0 or 1.

    The calibration has the mean of held-out rows in steps; a step without an error says that fewer
    than one in its rows are wrong, not that none is (the rule of Krichevsky and Trofimov 1981).
    """
    import numpy as np

    if calibration is None or not calibration.thresholds:
        wrong, rows = 1 - confidences, 100.0
    else:
        wrong = 1 - calibration.correct_many(confidences)
        rows = calibration.rows / len(calibration.values)
    known = np.where(np.isnan(wrong), np.nanmean(wrong), wrong)
    return np.asarray((np.clip(known, 0, 1) * rows + 0.5) / (rows + 1), np.float64)


def _starts(sorted_: Floats) -> list[int]:
    """The start of each of at most ``MAX_STEPS`` groups; equal confidences share a group."""
    import numpy as np

    even = sorted_[np.arange(MAX_STEPS) * len(sorted_) // MAX_STEPS]
    return sorted({int(index) for index in np.searchsorted(sorted_, even, side="left")})


def _pool(means: list[float], weights: list[float]) -> list[tuple[int, float]]:
    """Non-decreasing blocks: (first group, weighted mean), the least-squares isotonic fit."""
    blocks: list[list[Any]] = []  # first group, mean, weight
    for index, (mean, weight) in enumerate(zip(means, weights, strict=True)):
        blocks.append([index, mean, weight])
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            _, upper, heavy = blocks.pop()
            first, lower, light = blocks.pop()
            total = heavy + light
            blocks.append([first, (upper * heavy + lower * light) / total, total])
    return [(first, mean) for first, mean, _ in blocks]
