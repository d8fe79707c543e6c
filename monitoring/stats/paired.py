"""Significance of a difference between two models on the same rows: pure statistics.

Two sources of chance are separated: the sample (other rows would give another score) and the seed
(training the recipe with another seed would too). The difference is tested against both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import student_quantile, student_tail

Floats = npt.NDArray[np.float64]
SIGNIFICANCE_LEVEL = 0.05


@dataclass(frozen=True)
class SeedRuns:
    """Variance of a score over ``degrees`` + 1 seeds."""

    variance: float
    degrees: int


@dataclass(frozen=True)
class PairedDifference:
    """Improvement of ``after`` over ``before`` on the rows that both answered."""

    rows: int
    before: float
    after: float
    difference: float
    """``after`` - ``before`` of the mean score: accuracy, or minus the mean absolute error."""
    low: float
    high: float
    """95 % interval of the difference, from the sample and, if known, the seeds."""
    p_sample: float
    """p-value from the sample alone: McNemar's mid-p, or a paired t-test."""
    p: float
    """p-value from sample and seeds; ``p_sample`` if the variance over seeds is unknown."""


def difference(
    before: Floats, after: Floats, seeds: tuple[SeedRuns, SeedRuns] | None
) -> PairedDifference:
    """Compare scores of shape (n,), n ≥ 1: 1 for correct and 0 for wrong, or minus an error.

    ``seeds`` are the variances of that mean score over seeds, for ``before`` and ``after``. Both
    are added to the sample's variance; degrees of freedom by Welch and Satterthwaite
    (Satterthwaite 1946).
    """
    gaps = after - before
    n = len(gaps)
    mean = float(gaps.mean())
    sample = float(gaps.var(ddof=1)) / n if n > 1 else math.inf
    parts = [(sample, n - 1), *((seed.variance, seed.degrees) for seed in seeds or ())]
    variance = sum(value for value, _ in parts)
    error = math.sqrt(variance)
    degrees = _satterthwaite(parts, variance)
    binary = set(np.unique(np.concatenate([before, after]))) <= {0.0, 1.0}
    by_sample = mcnemar(gaps) if binary else _two_sided(mean, math.sqrt(sample), n - 1)
    joint = _two_sided(mean, error, degrees) if seeds else by_sample
    half = (
        student_quantile(1 - SIGNIFICANCE_LEVEL / 2, degrees) * error
        if math.isfinite(error)
        else math.inf
    )
    return PairedDifference(
        rows=n,
        before=float(before.mean()),
        after=float(after.mean()),
        difference=mean,
        low=mean - half,
        high=mean + half,
        p_sample=by_sample,
        # Never below the p-value of the sample, which is exact for few rows.
        p=max(joint, by_sample),
    )


def mcnemar(gaps: Floats) -> float:
    """Two-sided mid-p of McNemar's test on paired differences of -1, 0 and 1.

    Source: Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology 13:91.
    """
    gained, lost = int((gaps > 0).sum()), int((gaps < 0).sum())
    n = gained + lost
    if n == 0:
        return 1.0
    k = min(gained, lost)
    at = [math.exp(_log_binomial(n, i)) for i in range(k + 1)]
    return min(1.0, 2 * sum(at) - at[k])


def _two_sided(mean: float, error: float, degrees: float) -> float:
    if not math.isfinite(error) or degrees < 1:
        return 1.0
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return 2 * student_tail(abs(mean) / error, degrees)


def _satterthwaite(parts: list[tuple[float, int]], variance: float) -> float:
    if not math.isfinite(variance) or variance == 0:
        return 1.0
    return max(1.0, variance**2 / sum(v**2 / max(1, d) for v, d in parts if v > 0))


def _log_binomial(n: int, k: int) -> float:
    """Logarithm of the probability of k successes in n trials with probability 1/2."""
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways - n * math.log(2)
