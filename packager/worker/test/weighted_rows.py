"""Labelled rows that were chosen with known probabilities: metrics that stay unbiased.

``package data label-queue`` chooses rows that teach most, so plain means over them would be wrong.
Each row counts as many rows as it stands for: the inverse of its probability (Horvitz and Thompson
1952; the ratio estimator of Hájek 1971). The accuracy is estimated by its deviation from what the
calibrated confidence of all rows lets expect, which needs fewer labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from monitoring.scoring.metric import Metric, Range
from monitoring.slices.slices import ALL
from monitoring.stats import active_sampling
from monitoring.stats.active_sampling import ExpectedLosses
from monitoring.stats.estimates import Estimate
from packager.worker.test.judged_rows import JudgedRows, Mask, estimates
from packager.worker.train.evaluate import numbers

Floats = npt.NDArray[np.float64]
MIN_ROWS = 2


@dataclass(frozen=True)
class WeightedRows(JudgedRows):
    """Rows with the number of rows that each stands for; only means over rows are estimated."""

    weights: Floats = field(kw_only=True)
    """Shape (n,), above 0."""
    wrong: Floats | None = None
    """The probability that each answer is wrong, by its confidence, shape (n,); None if unknown."""
    wrong_means: Mapping[str, float] = field(default_factory=dict)
    """Slice → the mean of that probability over all its rows, labelled or not."""
    slice_: str = ALL

    def where(self, mask: Mask) -> WeightedRows:
        """The rows of ``mask``, shape (n,)."""
        plain = super().where(mask)
        return replace(
            self,
            **{n: getattr(plain, n) for n in ("truth", "predictions", "groups")},
            weights=self.weights[mask],
            wrong=None if self.wrong is None else self.wrong[mask],
        )

    def in_slice(self, name: str, mask: Mask) -> WeightedRows:
        """As ``JudgedRows.in_slice``, with what is expected of the slice."""
        return replace(self.where(mask), slice_=name)

    def estimates(self) -> dict[str, Estimate]:
        """As ``JudgedRows.estimates``, of the metrics that are means over rows."""
        if not len(self):
            return {}
        estimated = estimates(self._means(), self.groups)
        accuracy = self._accuracy()
        return estimated if accuracy is None else {**estimated, "accuracy": accuracy}

    def _accuracy(self) -> Estimate | None:
        """The accuracy by its deviation from what confidence lets expect; None if it is unknown.

        Groups leave the variance of that estimate unknown.
        """
        mean = self.wrong_means.get(self.slice_)
        if self.task != "classification" or self.groups is not None:
            return None
        if self.wrong is None or mean is None or len(self) < MIN_ROWS:
            return None
        losses = self.losses
        assert losses is not None
        expected = ExpectedLosses(self.wrong, mean)
        mean_loss = active_sampling.weighted_mean(
            losses, 1 / self.weights, expected=expected, share=True, finite=False
        )
        return Estimate(
            1 - mean_loss.value, mean_loss.variance, mean_loss.rows, mean_loss.degrees, True
        )

    def _means(self) -> dict[str, Metric]:
        if self.task == "regression":
            error = numbers(self.predictions.labels) - numbers(self.truth)
            known = np.where(np.isfinite(error), error, 0.0)
            weights = np.where(np.isfinite(error), self.weights, 0.0)
            if not weights.sum():
                return {}
            return {
                "mae": weighted_metric(np.abs(known), weights, "positive"),
                "bias": weighted_metric(known, weights),
            }
        truth, guess, _ = self.codes
        metrics = {
            "accuracy": weighted_metric(np.asarray(truth == guess, float), self.weights, "share")
        }
        chances = self.predictions.probabilities
        if chances is not None and np.isfinite(chances).all() and truth.max() < chances.shape[1]:
            smallest = float(np.finfo(np.float64).eps)
            losses = -np.log(np.clip(chances[np.arange(len(truth)), truth], smallest, 1))
            metrics["log_loss"] = weighted_metric(losses, self.weights, "positive")
        return metrics


def weighted_metric(values: Floats, weights: Floats, range_: Range = "any") -> Metric:
    """The mean of ``values``, shape (n,), of which each counts ``weights`` times, 0 or more."""
    total = float(weights.sum())
    value = float((weights * values).sum()) / total
    return Metric(value, weights * (values - value) * (len(values) / total), range_)
