"""95 % confidence intervals of metrics, from the rows that they were measured on.

A metric is a smooth function of means over rows. Its standard error is that of the mean of its
influences (:mod:`packager.worker.train.influences`).

- A metric between 0 and 1 gets Wilson's score interval for the number of rows that gives this
  standard error (Wilson 1927, with the effective sample size of Korn & Graubard 1998). It stays
  between 0 and 1. If all rows are alike the standard error is 0; then the number of rows of the
  rarest class is used, so that the interval of five correct rows is not a single point.
- An error (log loss, mean absolute error, …) gets Student's t interval of a mean with n - 1
  degrees of freedom. One row gives no interval.

The accuracy gets Wilson's interval directly. These intervals cover the variation between samples
of rows; ``SeedVariance`` covers the variation between seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from monitoring.stats.intervals import Interval, mean_interval, share_interval, wilson
from packager.worker.train.influences import auc_influences, class_influences, r2_influences

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def classification_intervals(
    truth: Codes, guess: Codes, values: Mapping[str, float]
) -> dict[str, Interval]:
    """Intervals of the accuracy, balanced accuracy and macro F1 in ``values``.

    ``truth`` and ``guess`` are class codes, shape (n,); -1 for an unknown class.
    """
    size = int(truth.max()) + 1
    actual = np.bincount(truth, minlength=size)
    rarest = int(actual[actual > 0].min())
    influences = class_influences(truth, guess)
    return {
        "accuracy": wilson(int((truth == guess).sum()), len(truth)),
        **{
            name: share_interval(values[name], influences[name], rarest)
            for name in ("balanced_accuracy", "f1_macro")
        },
    }


def auc_interval(
    truth: Codes, probabilities: Floats, scored: Sequence[int], value: float
) -> Interval:
    """The interval of the mean one-versus-rest AUC of the ``scored`` classes."""
    influence = auc_influences(truth, probabilities, scored)
    return share_interval(value, influence, int(np.bincount(truth).min()))


def regression_intervals(truth: Floats, guess: Floats) -> dict[str, Interval]:
    """Intervals of the errors, and of R² if the target varies; empty for fewer than 2 rows.

    ``truth`` and ``guess`` are finite, shape (n,).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        error = guess - truth
        intervals = {"mae": mean_interval(np.abs(error)), "bias": mean_interval(error)}
        squared = mean_interval(error**2)
        intervals["rmse"] = squared and (math.sqrt(max(0.0, squared[0])), math.sqrt(squared[1]))
        deviations = (truth - truth.mean()) ** 2
        if deviations.sum() > 0:
            value = 1 - (error**2).sum() / deviations.sum()
            around = mean_interval(value + r2_influences(truth, error))
            intervals["r2"] = around and (around[0], min(1.0, around[1]))
    if "mae" in intervals and (mae := intervals["mae"]):
        intervals["mae"] = max(0.0, mae[0]), mae[1]
    return {
        name: ends for name, ends in intervals.items() if ends and all(map(math.isfinite, ends))
    }
