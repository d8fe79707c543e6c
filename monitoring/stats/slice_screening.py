"""Chooses the slices to confirm: on one half of the rows, the worst of every slice there is.

Slices that a chosen one explains are dropped here, before anything is confirmed. Dropping them
afterwards would leave the false ones and drop copies of the true ones, which breaks the bound on
the share of false slices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import normal_quantile
from monitoring.stats.slice_features import Mask, SliceFeature, SliceMasks, SliceTerms
from monitoring.stats.slice_fitting import SIMPLER, RangeFitter
from monitoring.stats.slice_parts import parts_of
from monitoring.stats.slice_scores import scores
from monitoring.stats.slice_tables import SliceTables, Sums
from monitoring.stats.slice_tests import Losses, SliceTest

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

CHANCE_CANDIDATES = 10.0
"""Slices that chance is expected to choose on one half. More of them find weaker slices, and make
the others harder to confirm: from 3 to 30 the power is about the same."""
MAX_CANDIDATES = 50
MAX_TRIED = 2_000
"""Slices of one half that are compared with those already chosen, the worst first."""
MAX_FITTED = 150
"""Slices whose ranges are fitted before they are compared."""
MAX_RANGES = 3
"""Ranges of one number alone, which overlap: more of them would be nearly the same."""
MAX_SHARE = 0.5
"""Of the rows, in a slice: the complement of a larger one is the exception."""
SLACK = 1.0
"""A score may be that much too low, because other weak slices are among the rest."""
NEAR_BAR = 30.0
"""A slice whose p-value is that much too high may pass with other ranges."""
MIN_LEFT = 0.3
"""Of a slice's rows, outside of those already chosen: else they explain it."""
_SEEN = 2.0
"""Lower scores are never chosen."""


@dataclass(frozen=True)
class ScreeningOptions:
    """Criteria for the choice of slices."""

    features: int
    """Most features of a slice."""
    effect: float
    """Least excess."""
    min_rows: int
    """Of a slice, in both halves; half as many in each."""


class ScreenedSlice(NamedTuple):
    """A slice that one half shows to be weak."""

    terms: SliceTerms
    score: float


@dataclass(frozen=True)
class ScreeningResult:
    """The result of screening one half of the rows."""

    candidates: tuple[ScreenedSlice, ...]
    """The worst first."""
    tested: int
    """The slices that were tried."""

    @property
    def bar(self) -> float:
        """The p-value up to which a slice is chosen."""
        return _bar(self.tested)


def screen(
    features: Sequence[SliceFeature], losses: Losses, first: Mask, options: ScreeningOptions
) -> tuple[ScreeningResult, ScreeningResult]:
    """The candidates of both halves; ``first``: whether a row is in the first half, (n,)."""
    tables = SliceTables(features, losses, first)
    search = _Search(tables.total(), losses, options)
    for at in range(len(features)):
        if ranges := tables.ranges(at):
            search.add(1, ranges[0].__getitem__, ranges[1], MAX_RANGES)
    for feature_names, sums in tables.slices(options.features):
        search.add(len(feature_names), partial(tables.terms_at, feature_names), sums)
    return search.worst(0), search.worst(1)


def distinct(
    screened: ScreeningResult,
    features: Sequence[SliceFeature],
    losses: Losses,
    options: ScreeningOptions,
) -> list[SliceTerms]:
    """The slices to confirm, the worst first; ``features``, ``losses``: of the half that screens.

    Ranges are fitted to these rows. A slice is dropped if its rows outside of those already chosen
    are few, or no longer weak, and replaced by slices within it that explain its losses better.
    """
    masks = SliceMasks(features)
    fitter = RangeFitter(masks, losses, options.min_rows / 2)
    selection = _Chosen(masks, SliceTest(losses), screened.bar, options.effect)
    known = [terms for terms, _ in screened.candidates]
    for terms in _fitted_first(screened, fitter):
        if not selection.may_add(terms):
            continue
        fitted = fitter.fitted(terms, selection.free)
        parts = parts_of(fitted, known, masks, fitter, selection.free, screened.tested)
        for part in parts or [fitted]:
            selection.add(part)
        if len(selection.slices) >= MAX_CANDIDATES:
            break
    return selection.slices[:MAX_CANDIDATES]


class _Chosen:
    """The slices that are chosen, each weak in its rows outside of those before it."""

    def __init__(self, masks: SliceMasks, test: SliceTest, bar: float, effect: float) -> None:
        self._masks, self._test, self._bar, self._effect = masks, test, bar, effect
        self.slices: list[SliceTerms] = []
        self.free: Mask = np.ones(test.rows, np.bool_)
        """The rows in none of them, (n,)."""

    def may_add(self, terms: SliceTerms) -> bool:
        """Whether the slice, with other ranges, could be chosen."""
        own = self._masks.of(terms)
        unshared = own & self.free
        if unshared.sum() < MIN_LEFT * own.sum():
            return False
        return self._test.excess(unshared, self.free & ~own).p <= NEAR_BAR * self._bar

    def add(self, terms: SliceTerms) -> None:
        """Choose the slice, if it is weak enough."""
        own = self._masks.of(terms)
        excess = self._test.excess(own & self.free, self.free & ~own)
        if excess.p <= self._bar and excess.excess >= self._effect:
            self.slices.append(terms)
            self.free = self.free & ~own


def _fitted_first(screened: ScreeningResult, fitter: RangeFitter) -> list[SliceTerms]:
    """The candidates; of the first ones the ranges are fitted, and then the order."""
    fitted: dict[SliceTerms, float] = {}
    for terms, _ in screened.candidates[:MAX_FITTED]:
        fitted_terms = fitter.fitted(terms)
        if fitted_terms not in fitted:
            fitted[fitted_terms] = fitter.score(fitted_terms) - SIMPLER * len(fitted_terms.features)
    others = [terms for terms, _ in screened.candidates[MAX_FITTED:]]
    return [*sorted(fitted, key=lambda one: -fitted[one]), *others]


class _Search:
    """The slices with high scores, by half."""

    def __init__(self, total: Sums, losses: Losses, options: ScreeningOptions) -> None:
        self._total = Sums(total.rows[:, None], total.loss[:, None], total.other[:, None])
        self._binary, self._own = losses.binary, losses.expected is not None
        self._options = options
        self._sizes: list[int] = []
        self._makers: list[Callable[[int], SliceTerms]] = []
        self._seen: tuple[list[_Seen], list[_Seen]] = ([], [])
        self._tested = 0

    def add(
        self,
        size: int,
        make: Callable[[int], SliceTerms],
        sums: Sums,
        most: int | None = None,
    ) -> None:
        """Score slices of ``size`` features, (2, slices), and keep those of high scores.

        ``make``: place → slice; ``most``: the slices to keep, the highest ones.
        """
        enough = sums.rows >= self._options.min_rows / 2
        enough &= sums.rows <= MAX_SHARE * self._total.rows
        indices = np.flatnonzero(enough.all(axis=0))
        if not len(indices):
            return
        self._tested += len(indices)
        excess, score = scores(sums.at(indices), self._total, binary=self._binary, own=self._own)
        for half, seen in enumerate(self._seen):
            high = np.flatnonzero((excess[half] >= self._options.effect) & (score[half] >= _SEEN))
            if most is not None:
                high = high[np.argsort(-score[half, high], kind="stable")[:most]]
            makers = np.full(len(high), len(self._makers))
            seen.append(_Seen(makers, indices[high], score[half, high]))
        self._sizes.append(size)
        self._makers.append(make)

    def worst(self, half: int) -> ScreeningResult:
        """The slices with the highest scores on one half."""
        if not self._seen[half]:
            return ScreeningResult((), self._tested)
        makers, indices, score = (
            np.concatenate(parts) for parts in zip(*self._seen[half], strict=True)
        )
        high = np.flatnonzero(score >= -normal_quantile(_bar(self._tested)) - SLACK)
        rank = np.round(score - SIMPLER * np.array(self._sizes)[makers], 9)
        order = high[np.lexsort((makers[high], -rank[high]))][:MAX_TRIED]
        return ScreeningResult(
            tuple(
                ScreenedSlice(self._makers[makers[at]](int(indices[at])), float(score[at]))
                for at in order
            ),
            self._tested,
        )


class _Seen(NamedTuple):
    """Slices with high scores."""

    makers: npt.NDArray[np.int64]
    indices: Indices
    scores: Floats


def _bar(tested: int) -> float:
    return min(0.01, CHANCE_CANDIDATES / max(1, tested))
