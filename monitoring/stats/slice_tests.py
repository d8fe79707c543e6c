"""Tests whether the loss in a slice is higher than expected, on rows that did not choose it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.stats.accuracy import MeanBaseline
from monitoring.stats.distributions import (
    normal_quantile,
    normal_tail,
    student_quantile,
    student_tail,
)
from monitoring.stats.exact import at_least
from monitoring.stats.expected_noise import ExpectedNoise
from monitoring.stats.fisher import hypergeometric_tail
from monitoring.stats.slice_features import Ints, Mask

Floats = npt.NDArray[np.float64]

Against = Literal["confidence", "rest"]
"""The reference of a slice's loss: the loss that the model itself predicts for these rows, or the
mean loss of the other rows."""
MIN_CLUSTERS = 10
"""Groups of rows that a slice needs: the variance between fewer is not known well enough."""


@dataclass(frozen=True)
class Losses:
    """Losses of n rows, and what they are compared with."""

    loss: Floats
    """(n,): 0 or 1 for a right or wrong answer, or any number."""
    expected: Floats | None = None
    """The loss that the model itself expects, (n,): 1 minus its calibrated confidence; or the mean
    loss of ``baseline``."""
    groups: Ints | None = None
    """The group of each row, (n,), if rows of one group depend on each other."""
    baseline: MeanBaseline | None = None
    """The sample of other rows whose mean loss is ``expected``; None if that is no estimate."""
    noise: ExpectedNoise | None = None
    """Of ``expected``, if other rows estimated it; None if it is known."""

    def check(self) -> None:
        """Raise ``ValueError`` for a loss that is not finite, or different numbers of rows."""
        for name, values in (("loss", self.loss), ("expected", self.expected)):
            if values is None:
                continue
            if values.shape != self.loss.shape or not np.isfinite(values).all():
                raise ValueError(f"expected a finite {name} for each row, got others")

    @property
    def binary(self) -> bool:
        """Whether every loss is 0 or 1."""
        return bool(((self.loss == 0) | (self.loss == 1)).all())

    @property
    def over(self) -> Floats:
        """The losses minus the expected ones, or minus their mean, (n,)."""
        if self.expected is not None:
            return self.loss - self.expected
        return self.loss - self.loss.mean() if len(self.loss) else self.loss

    def part(self, rows: npt.NDArray[np.intp]) -> Losses:
        """The losses of some rows, by index."""
        return Losses(
            self.loss[rows],
            None if self.expected is None else self.expected[rows],
            None if self.groups is None else self.groups[rows],
            self.baseline,
            None if self.noise is None else self.noise.part(rows),
        )


class Excess(NamedTuple):
    """The loss of a slice, and by how much it exceeds what was expected."""

    rows: int
    loss: float
    """Mean loss of the slice's rows."""
    expected: float
    """Mean expected loss of its rows; against the rest: mean loss of the other rows."""
    error: float
    """Standard error of ``loss - expected``."""
    freedom: float
    """Degrees of freedom of ``error``."""
    p: float
    """One-sided: the probability of such an excess, or a larger one, by chance."""

    @property
    def excess(self) -> float:
        """``loss - expected``."""
        return self.loss - self.expected


class SliceTest:
    """Compares slices with other rows, or with what the model expects of them.

    Without groups the test of 0/1 losses is exact: Fisher's against the rest; against the expected
    losses a binomial of their mean, whose tail is heavier than that of a sum of unlike 0/1
    (Hoeffding 1956). Real losses, and rows in groups, have Student's t of the mean, from the
    variance between rows (Welch 1947) or between the sums of groups.

    The mean loss of a baseline is that of a sample: then 0/1 losses have Fisher's test too, of the
    slice's rows and as many independent rows as the baseline has, and the variance of the
    baseline's mean is added to that of others.

    Against the expected losses a slice must exceed the excess of the other rows too: if the model
    is overconfident everywhere, no slice stands out. If they were estimated from other rows, their
    noise is added to that of the losses: a normal tail then limits the exact one.
    """

    def __init__(self, losses: Losses) -> None:
        self._loss = losses.loss
        self._own = losses.expected
        self._baseline = losses.baseline
        self._noise = losses.noise if losses.expected is not None else None
        self._over = losses.over
        self._binary = losses.binary and losses.groups is None
        self._groups = None
        if losses.groups is not None:
            _, self._groups = np.unique(losses.groups, return_inverse=True)

    @property
    def rows(self) -> int:
        """All rows, n."""
        return len(self._loss)

    def excess(self, inside: Mask, others: Mask) -> Excess:
        """The excess of the rows ``inside`` beside the ``others``: masks (n,)."""
        rows, beside = int(inside.sum()), int(others.sum())
        if rows < 2 or beside < 2:
            return Excess(rows, math.nan, math.nan, math.inf, 1.0, 1.0)
        mean, rest = float(self._loss[inside].mean()), float(self._over[others].mean())
        if self._own is None:
            error, freedom = self._error(inside, others)
            expected = float(self._loss[others].mean())
            p = self._rest_tail(inside, others, (mean - expected, error, freedom))
            return Excess(rows, mean, expected, error, freedom, p)
        expected = float(self._own[inside].mean())
        error, freedom = self._with_baseline(*self._error(inside, None))
        p = self._own_tail(inside, (mean - expected, error, freedom))
        if self._noise is not None:
            error = math.hypot(error, self._noise.error(inside))
            p = max(p, _t_tail(mean - expected, error, freedom))
        if rest > 0:
            p = max(p, self._apart_tail(inside, others, mean - expected - rest))
        return Excess(rows, mean, expected, error, freedom, p)

    def interval(self, inside: Mask, others: Mask, share: float) -> tuple[float, float]:
        """The interval of the excess that covers the true one with probability ``share``.

        Of 0/1 losses Wilson's, and against the rest Newcombe's (1998) of two of them.
        """
        excess = self.excess(inside, others)
        if not self._binary:
            half = student_quantile(0.5 + share / 2, excess.freedom) * excess.error
            return excess.excess - half, excess.excess + half
        z = normal_quantile(0.5 + share / 2)
        low, high = _wilson(excess.loss, excess.rows, z)
        if self._own is not None and self._baseline is None:
            noise = 0.0 if self._noise is None else z * self._noise.error(inside)
            return (
                excess.excess - math.hypot(excess.loss - low, noise),
                excess.excess + math.hypot(high - excess.loss, noise),
            )
        beside = float(others.sum()) if self._baseline is None else max(1.0, self._baseline.rows)
        least, most = _wilson(excess.expected, beside, z)
        return (
            excess.excess - math.hypot(excess.loss - low, most - excess.expected),
            excess.excess + math.hypot(high - excess.loss, excess.expected - least),
        )

    def _rest_tail(self, inside: Mask, others: Mask, t: tuple[float, float, float]) -> float:
        if not self._binary:
            return _t_tail(*t)
        wrong, beside = int(self._loss[inside].sum()), int(self._loss[others].sum())
        rows = int(inside.sum())
        return hypergeometric_tail(wrong, rows, wrong + beside, rows + int(others.sum()))

    def _own_tail(self, inside: Mask, t: tuple[float, float, float]) -> float:
        if not self._binary:
            return _t_tail(*t)
        assert self._own is not None
        share = float(np.clip(self._own[inside].mean(), 0.0, 1.0))
        if self._baseline is not None:
            wrong, rows = int(self._loss[inside].sum()), int(inside.sum())
            known = max(1, round(self._baseline.rows))
            beside = round(self._baseline.value * known)
            return hypergeometric_tail(wrong, rows, wrong + beside, rows + known)
        return at_least(int(self._loss[inside].sum()), int(inside.sum()), share)

    def _apart_tail(self, inside: Mask, others: Mask, excess: float) -> float:
        """The tail of an excess over that of the other rows."""
        noise = 0.0 if self._noise is None else self._noise.error(inside, others)
        if not self._binary:
            error, freedom = self._error(inside, others)
            return _t_tail(excess, math.hypot(error, noise), freedom)
        assert self._own is not None
        expected = np.clip(self._own[inside] + self._over[others].mean(), 0.0, 1.0)
        variance = float((expected * (1 - expected)).mean() / inside.sum())
        variance += float(self._over[others].var() / others.sum()) + noise**2
        return normal_tail(excess / math.sqrt(variance)) if variance > 0 else float(excess <= 0)

    def _with_baseline(self, error: float, freedom: float) -> tuple[float, float]:
        """The error with that of the baseline's mean; degrees by Welch and Satterthwaite."""
        known = self._baseline
        if known is None or not math.isfinite(error):
            return error, freedom
        if not known.rows > 1:
            return math.inf, 1.0
        own, other = error**2, known.variance / known.rows
        if not own + other > 0:
            return error, freedom
        below = own**2 / freedom + other**2 / (known.rows - 1)
        return math.sqrt(own + other), (own + other) ** 2 / below

    def _error(self, inside: Mask, others: Mask | None) -> tuple[float, float]:
        """Standard error of the mean inside (minus that of others), and its degrees of freedom."""
        if self._groups is not None:
            return self._cluster_error(self._groups, inside, others)
        parts = [self._over[mask] for mask in (inside, others) if mask is not None]
        variances = [float(part.var(ddof=1)) / len(part) for part in parts]
        total = sum(variances)
        if total <= 0:
            return 0.0, float(len(parts[0]) - 1)
        below = sum(v * v / (len(p) - 1) for v, p in zip(variances, parts, strict=True))
        return math.sqrt(total), total * total / below  # Welch and Satterthwaite

    def _cluster_error(
        self, groups: Ints, inside: Mask, others: Mask | None
    ) -> tuple[float, float]:
        """The same from the sums by group, where rows of one group depend on each other."""
        clusters = int(np.count_nonzero(np.bincount(groups[inside])))
        if clusters < MIN_CLUSTERS:
            return math.inf, 1.0
        share = np.where(inside, (self._over - self._over[inside].mean()) / inside.sum(), 0.0)
        if others is not None:
            rest = (self._over - self._over[others].mean()) / others.sum()
            share = np.where(others, -rest, share)
        squares = float((np.bincount(groups, share) ** 2).sum())
        return math.sqrt(clusters / (clusters - 1) * squares), float(clusters - 1)


def _t_tail(excess: float, error: float, freedom: float) -> float:
    return student_tail(excess / error, freedom) if error > 0 else float(excess <= 0)


def _wilson(share: float, rows: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of a share (1927)."""
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    spread = share * (1 - share) / rows + z * z / (4 * rows * rows)
    half = z * math.sqrt(max(0.0, spread)) / (1 + z * z / rows)
    return max(0.0, centre - half), min(1.0, centre + half)
