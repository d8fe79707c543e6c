"""Agreement of annotators: Cohen's and Fleiss' kappa, Krippendorff's alpha, with intervals.

Labels are an array of shape (rows, annotators): numbers, or codes of classes from 0 (in their
order, for an ordinal level); NaN where an annotator gave none. A coefficient is 1 for perfect
agreement, 0 for what chance would give, and NaN if it is not defined: with fewer than two labels to
compare, or if all of them are equal, so that chance alone would agree always.

Intervals are of 95 %: percentiles of ``RESAMPLES`` bootstrap resamples of the rows, with a fixed
seed. Of many different rows, random groups are drawn instead of single rows; groups of independent
rows are independent, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
AgreementLevel = Literal["nominal", "ordinal", "interval"]

RESAMPLES = 1_000
SEED = 18
MAX_GROUPS = 1_000
"""Maximum number of units that a resample draws: different rows, or random groups of them."""
MIN_ROWS = 30
"""With fewer rows that two annotators labelled there is no interval."""
_ROUNDING = 1e-12
"""Expected disagreement up to this is a rounding error."""


@dataclass(frozen=True)
class Agreement:
    """A coefficient with its 95 % interval."""

    value: float
    low: float
    """NaN, as ``high``, if the rows are too few, none of them is disputed (so that every resample
    would give 1), or the coefficient is not defined."""
    high: float
    rows: int
    """Rows that were compared."""


def cohen_kappa(one: Floats, other: Floats) -> Agreement:
    """Cohen's kappa (1960) of two annotators, on the rows that both labelled: shapes (rows,)."""
    both = ~(np.isnan(one) | np.isnan(other))
    pairs = np.stack([one[both], other[both]], axis=1)
    if not len(pairs):
        return Agreement(np.nan, np.nan, np.nan, 0)
    cells, times = np.unique(pairs, axis=0, return_counts=True)
    values, codes = np.unique(cells, return_inverse=True)
    rows, columns = codes.reshape(-1, 2).T

    def kappa(weights: Floats) -> float:
        total = float(weights.sum())
        first, second = (np.bincount(side, weights, len(values)) for side in (rows, columns))
        observed = 1 - float(weights[rows == columns].sum()) / total
        return _over_chance(observed, 1 - float(first @ second) / total**2)

    return _bootstrapped(kappa, times.astype(np.float64))


def fleiss_kappa(labels: Floats) -> Agreement:
    """Fleiss' kappa (1971); NaN unless every labelled row has equally many labels, at least two."""
    units = _Units.of(labels, least=1)
    counts = units.label_counts
    if not units.rows or counts[0] < 2 or (counts != counts[0]).any():
        return Agreement(np.nan, np.nan, np.nan, units.rows)
    raters = float(counts[0])
    disagreeing = units.unequal_pairs() / (raters * (raters - 1))

    def kappa(weights: Floats) -> float:
        total = float(weights.sum())
        shares = units.totals(weights) / (total * raters)
        return _over_chance(float(weights @ disagreeing) / total, 1 - float(shares @ shares))

    return _bootstrapped(kappa, units.times)


def krippendorff_alpha(labels: Floats, level: AgreementLevel) -> Agreement:
    """Krippendorff's alpha for any number of annotators and missing labels.

    Computed as in Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). Rows with
    fewer than two labels are not compared. Ordinal labels are compared by their mid-ranks among all
    compared labels, whose squared differences are Krippendorff's ordinal metric.
    """
    units = _Units.of(labels, least=2)
    if not units.rows:
        return Agreement(np.nan, np.nan, np.nan, 0)
    if level == "interval":
        return _bootstrapped(_interval_alpha(units), units.times)
    unequal = units.unequal_pairs()

    def alpha(weights: Floats) -> float:
        totals = units.totals(weights)
        every = float(totals.sum())
        if level == "nominal":
            return _alpha(weights, unequal, units.label_counts, every**2 - float(totals @ totals))
        ranks = (np.cumsum(totals) - totals / 2) / every
        within = _squared_differences(units.label_counts, units.sums(ranks), units.sums(ranks**2))
        overall = _squared_differences(every, totals @ ranks, totals @ ranks**2)
        return _alpha(weights, within, units.label_counts, float(overall))

    return _bootstrapped(alpha, units.times)


def _interval_alpha(units: _Units) -> Callable[[Floats], float]:
    # Differences don't depend on the origin or the unit; both bound the rounding errors.
    numbers = units.values - units.values.mean()
    numbers = numbers / max(float(np.abs(numbers).max()), np.finfo(np.float64).tiny)
    label_counts, sums, squares = units.label_counts, units.sums(numbers), units.sums(numbers**2)
    within = _squared_differences(label_counts, sums, squares)

    def alpha(weights: Floats) -> float:
        overall = _squared_differences(weights @ label_counts, weights @ sums, weights @ squares)
        return _alpha(weights, within, label_counts, float(overall))

    return alpha


@dataclass(frozen=True)
class _Units:
    """Rows with their labels in ascending order; equal rows once."""

    values: Floats
    """The distinct labels, ascending."""
    codes: npt.NDArray[np.intp]
    """Index of each label into ``values``; the labels of a row are adjacent."""
    row: npt.NDArray[np.intp]
    """The row of each label."""
    label_counts: Floats
    """Number of labels of each row."""
    times: Floats
    """Number of occurrences of each row."""

    @classmethod
    def of(cls, labels: Floats, least: int) -> _Units:
        """The rows with at least ``least`` labels."""
        label_counts = (~np.isnan(labels)).sum(axis=1)
        labelled = np.sort(labels[label_counts >= least], axis=1)[
            :, : int(label_counts.max(initial=0))
        ]
        distinct, times = np.unique(labelled, axis=0, return_counts=True, equal_nan=True)
        present = ~np.isnan(distinct)
        values, codes = np.unique(distinct[present], return_inverse=True)
        row = np.nonzero(present)[0]
        return cls(values, codes, row, present.sum(axis=1) * 1.0, times.astype(np.float64))

    @property
    def rows(self) -> int:
        """Number of rows, with repetitions."""
        return int(self.times.sum())

    def totals(self, weights: Floats) -> Floats:
        """Number of labels of each value in rows that occur ``weights`` times."""
        return np.asarray(np.bincount(self.codes, weights[self.row], len(self.values)), np.float64)

    def sums(self, numbers: Floats) -> Floats:
        """Sum of the labels of each row, with a number for each value."""
        return np.asarray(
            np.bincount(self.row, numbers[self.codes], len(self.label_counts)), np.float64
        )

    def unequal_pairs(self) -> Floats:
        """Number of ordered pairs of different labels in each row."""
        pairs = self.row * len(self.values) + self.codes
        cells, counts = np.unique(pairs, return_counts=True)
        equal = np.bincount(cells // len(self.values), counts**2, len(self.label_counts))
        return np.asarray(self.label_counts**2 - equal)


def _alpha(weights: Floats, within: Floats, counts: Floats, overall: float) -> float:
    """1 - observed / expected disagreement.

    ``within``: sum of the metric over ordered pairs of labels of each row; ``counts``: labels of
    each; ``overall``: the sum over ordered pairs of all labels.
    """
    count = float(weights @ counts)
    observed = float(weights @ (within / (counts - 1))) / count
    expected = overall / (count * (count - 1))
    return _over_chance(observed, expected)


def _squared_differences(
    count: Floats | float, total: Floats | float, squares: Floats | float
) -> Floats:
    """Sum of squared differences over all ordered pairs of numbers with these sums."""
    return np.asarray(np.maximum(2 * (count * np.asarray(squares) - np.asarray(total) ** 2), 0.0))


def _over_chance(observed: float, expected: float) -> float:
    """1 - observed / expected disagreement; NaN if chance would never disagree."""
    return 1 - observed / expected if expected > _ROUNDING else np.nan


def _bootstrapped(statistic: Callable[[Floats], float], times: Floats) -> Agreement:
    """A statistic of rows that occur ``times``, and its interval if the rows suffice."""
    rows, value = int(times.sum()), float(statistic(times))
    if rows < MIN_ROWS or np.isnan(value) or value == 1:
        return Agreement(value, np.nan, np.nan, rows)
    replicates = np.array([statistic(weights) for weights in _resamples(times)])
    replicates = replicates[~np.isnan(replicates)]
    low, high = np.quantile(replicates, (0.025, 0.975)) if len(replicates) else (np.nan, np.nan)
    return Agreement(value, float(low), float(high), rows)


def _resamples(times: Floats) -> Iterator[Floats]:
    """Number of occurrences of each row in each resample."""
    random, rows = np.random.default_rng(SEED), int(times.sum())
    if len(times) <= MAX_GROUPS:
        for _ in range(RESAMPLES):
            yield random.multinomial(rows, times / rows).astype(np.float64)
        return
    unit = np.repeat(np.arange(len(times)), times.astype(np.intp))
    group = random.permutation(rows) % MAX_GROUPS
    for _ in range(RESAMPLES):
        drawn = random.multinomial(MAX_GROUPS, np.full(MAX_GROUPS, 1 / MAX_GROUPS))
        yield np.asarray(np.bincount(unit, drawn[group], len(times)), np.float64)
