"""Chooses the slices to confirm: on one half of the rows, the worst of every slice there is.

Slices that a chosen one explains are dropped here, before anything is confirmed. Dropping them
afterwards would leave the false ones and drop copies of the true ones, which breaks the bound on
the share of false slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import normal_quantile
from monitoring.stats.slice_features import Mask, SliceFeature, SliceTerms
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
MAX_SHARE = 0.5
"""Of the rows, in a slice: the complement of a larger one is the exception."""
SLACK = 1.0
"""A score may be that much too low, because other weak slices are among the rest."""
SIMPLER = 0.5
"""A slice must score that much more for each further feature: of the many parts of a weak slice
some score a little more than the whole, by chance."""
MIN_LEFT = 0.3
"""Of a slice's rows, outside of those already chosen: else they explain it."""
_SEEN = 2.0
"""Lower scores are never chosen."""


@dataclass(frozen=True)
class ScreeningOptions:
    """What a slice must be to be chosen."""

    features: int
    """Most features of a slice."""
    effect: float
    """Least excess."""
    min_rows: int
    """Of a slice, in both halves; half as many in each."""


class Candidate(NamedTuple):
    """A slice that one half shows to be weak."""

    terms: SliceTerms
    score: float


@dataclass(frozen=True)
class Screened:
    """What one half shows."""

    candidates: tuple[Candidate, ...]
    """The worst first."""
    tested: int
    """The slices that were tried."""

    @property
    def bar(self) -> float:
        """The p-value up to which a slice is chosen."""
        return _bar(self.tested)


def screen(
    features: Sequence[SliceFeature], losses: Losses, first: Mask, options: ScreeningOptions
) -> tuple[Screened, Screened]:
    """The candidates of both halves; ``first``: whether a row is in the first half, (n,)."""
    tables = SliceTables(features, losses, first)
    total = tables.total()
    whole = Sums(total.rows[:, None], total.loss[:, None], total.other[:, None])
    sets: list[tuple[int, ...]] = []
    seen: tuple[list[_Seen], list[_Seen]] = ([], [])
    tested = 0
    for chosen, sums in tables.slices(options.features):
        enough = (sums.rows >= options.min_rows / 2) & (sums.rows <= MAX_SHARE * whole.rows)
        places = np.flatnonzero(enough.all(axis=0))
        if not len(places):
            continue
        tested += len(places)
        excess, score = scores(
            sums.at(places), whole, binary=losses.binary, own=losses.expected is not None
        )
        for half, found in enumerate(seen):
            high = np.flatnonzero((excess[half] >= options.effect) & (score[half] >= _SEEN))
            found.append(_Seen(np.full(len(high), len(sets)), places[high], score[half, high]))
        sets.append(chosen)
    one, other = (_worst(found, tables, sets, tested) for found in seen)
    return one, other


def distinct(
    screened: Screened, masks: MaskCache, rows: Indices, losses: Losses, effect: float
) -> list[SliceTerms]:
    """The slices to confirm, by their rows ``rows`` of the half that screens, the worst first.

    A slice is dropped if its rows outside of those already chosen are few, or no longer weak.
    ``losses``: those of ``rows``.
    """
    test = SliceTest(losses)
    covered = np.zeros(len(rows), np.bool_)
    chosen: list[SliceTerms] = []
    for terms, _ in screened.candidates:
        own = masks.of(terms)[rows]
        left = own & ~covered
        if left.sum() < MIN_LEFT * own.sum():
            continue
        found = test.excess(left, ~(own | covered))
        if found.p > screened.bar or found.excess < effect:
            continue
        chosen.append(terms)
        covered |= own
        if len(chosen) == MAX_CANDIDATES:
            break
    return chosen


class MaskCache:
    """The rows of slices; those of each term are computed once."""

    def __init__(self, features: Sequence[SliceFeature]) -> None:
        self._features = features
        self._known: dict[tuple[int, int], Mask] = {}

    def of(self, terms: SliceTerms) -> Mask:
        """The rows in a slice, (n,)."""
        parts = [self._term(*pair) for pair in zip(terms.features, terms.terms, strict=True)]
        found: Mask = np.logical_and.reduce(parts)
        return found

    def _term(self, feature: int, term: int) -> Mask:
        if (feature, term) not in self._known:
            self._known[feature, term] = self._features[feature].mask(term)
        return self._known[feature, term]


class _Seen(NamedTuple):
    """Slices of one set of features with a high score."""

    sets: npt.NDArray[np.int64]
    places: Indices
    scores: Floats


def _worst(
    found: Sequence[_Seen], tables: SliceTables, sets: Sequence[tuple[int, ...]], tested: int
) -> Screened:
    if not found:
        return Screened((), tested)
    which, places, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
    least = -normal_quantile(_bar(tested)) - SLACK
    high = np.flatnonzero(score >= least)
    sizes = np.array([len(one) for one in sets])[which[high]]
    rank = np.round(score[high] - SIMPLER * sizes, 9)
    order = high[np.lexsort((which[high], -rank))][:MAX_TRIED]
    return Screened(
        tuple(
            Candidate(tables.terms_at(sets[which[at]], int(places[at])), float(score[at]))
            for at in order
        ),
        tested,
    )


def _bar(tested: int) -> float:
    return min(0.01, CHANCE_CANDIDATES / max(1, tested))
