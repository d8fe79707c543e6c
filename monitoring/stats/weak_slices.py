"""Finds weak slices: rows with one to three features in common on which the model does badly.

Every slice is tried. One half of the rows chooses slices, the other half confirms them, and the
other way round, at half of the level each. At most ``level`` of the slices shown are expected to be
false (Benjamini and Hochberg 1995), and without a weak slice any is shown with at most that
probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.row_halves import first_half, row_hashes
from monitoring.stats.slice_features import Mask, SliceFeature, SliceMasks, SliceTerms
from monitoring.stats.slice_screening import (
    ScreeningOptions,
    ScreeningResult,
    distinct,
    screen,
)
from monitoring.stats.slice_tests import Losses, SliceTest

MAX_FEATURES = 30
"""Features searched, the first ones: the slices of three grow with the cube of their number."""
MAX_ORDER = 3
"""Features of one slice."""
MIN_NEW = 0.5
"""A slice of the second half is shown if fewer of its rows are in slices of the first."""
MIN_CLEAR = 0.5
"""Slices are compared with the rows in none of them, if these are that many of all."""
COVERAGE = 0.95
"""Of the intervals of the excess, over those that are shown."""


@dataclass(frozen=True)
class SearchOptions:
    """Criteria for a weak slice."""

    features: int = 3
    """Most features of a slice, from 1 to 3."""
    effect: float = 0.03
    """Least excess, in the unit of the loss."""
    level: float = 0.02
    """False-alarm level."""
    min_rows: int = 50
    """Least rows of a slice."""

    def __post_init__(self) -> None:
        if not 1 <= self.features <= MAX_ORDER:
            raise ValueError(f"expected 1 to {MAX_ORDER} features a slice, got {self.features}")
        if not 0 < self.level < 1:
            raise ValueError(f"expected a level between 0 and 1, got {self.level}")

    @property
    def limits(self) -> ScreeningOptions:
        """The criteria for the choice of slices."""
        return ScreeningOptions(self.features, self.effect, self.min_rows)


@dataclass(frozen=True)
class FoundSlice:
    """A confirmed weak slice."""

    terms: SliceTerms
    mask: Mask
    """Its rows, (n,)."""
    loss: float
    """Mean loss of its rows in the half that confirmed it, as the following."""
    expected: float
    """Mean loss that was expected; against the rest: mean loss of the rest."""
    interval: tuple[float, float]
    """Of ``excess``."""
    p: float
    q: float
    """The least ``level`` at which it is shown."""

    @property
    def rows(self) -> int:
        """All its rows."""
        return int(self.mask.sum())

    @property
    def excess(self) -> float:
        """``loss - expected``."""
        return self.loss - self.expected

    @property
    def harmed(self) -> float:
        """Rows times excess: wrong answers, or loss, beyond what was expected."""
        return self.rows * self.excess


@dataclass(frozen=True)
class SearchResult:
    """The result of a search."""

    slices: tuple[FoundSlice, ...]
    """The slices with the most harm first."""
    tried: int
    """Slices of enough rows, each of which was tried on both halves."""


def find_weak_slices(
    features: Sequence[SliceFeature], losses: Losses, options: SearchOptions
) -> SearchResult:
    """Search the slices of ``features``, the most important first, for n rows.

    With expected losses a slice is weak if its loss is higher than its own rows' expected loss,
    else if it is higher than that of the rest. Neither the order of rows nor that of (up to
    ``MAX_FEATURES``) features matters. Raises ``ValueError`` for features of other rows, and
    for losses that are not finite.
    """
    losses.check()
    if any(len(feature.codes) != len(losses.loss) for feature in features):
        raise ValueError(f"expected features of {len(losses.loss)} rows, got others")
    names = [feature.name for feature in features[:MAX_FEATURES]]
    if len(set(names)) < len(names):
        raise ValueError("expected features of different names, got the same twice")
    order = sorted(range(len(names)), key=names.__getitem__)
    used = [features[at] for at in order]
    numbers = [losses.loss] if losses.expected is None else [losses.loss, losses.expected]
    first = first_half(row_hashes(used, numbers), losses.groups)
    screened = screen(used, losses, first, options.limits)
    masks = SliceMasks(used)
    shown: list[FoundSlice] = []
    for half, screened_half in zip((first, ~first), screened, strict=True):
        for one in _confirmed(screened_half, masks, half, losses, options):
            if not _known(one.mask, [other.mask for other in shown]):
                shown.append(one)
    shown.sort(key=lambda one: (-one.harmed, one.terms.features, one.terms.terms))
    return SearchResult(tuple(_renumbered(one, order) for one in shown), screened[0].tested)


def _confirmed(
    screened: ScreeningResult, masks: SliceMasks, half: Mask, losses: Losses, options: SearchOptions
) -> list[FoundSlice]:
    """The slices that ``half`` chooses and the other rows confirm, at half of the level."""
    rows, others = np.flatnonzero(half), np.flatnonzero(~half)
    features = [feature.part(rows) for feature in masks.features]
    selected = distinct(screened, features, losses.part(rows), options.limits)
    if not selected:
        return []
    test = SliceTest(losses.part(others))
    whole = [masks.of(terms) for terms in selected]
    parts = [mask[others] for mask in whole]
    clear = _clear(parts)
    excesses = [test.excess(part, clear & ~part) for part in parts]
    p = [
        max(one.p, beyond) if one.excess >= options.effect else 1.0
        for one, beyond in zip(excesses, _beyond(test, parts, clear), strict=True)
    ]
    q = [min(1.0, 2 * one) for one in benjamini_hochberg(p)]
    shown = [at for at, one in enumerate(q) if one <= options.level]
    # Intervals of selected effects are wider, so that the share that misses is still 5 %
    # (Benjamini and Yekutieli 2005).
    coverage = 1 - (1 - COVERAGE) * len(shown) / len(selected)
    return [
        FoundSlice(
            terms=selected[at],
            mask=whole[at],
            loss=excesses[at].loss,
            expected=excesses[at].expected,
            interval=test.interval(parts[at], clear & ~parts[at], coverage),
            p=p[at],
            q=q[at],
        )
        for at in shown
    ]


def _beyond(test: SliceTest, parts: Sequence[Mask], clear: Mask) -> list[float]:
    """The p-value of each slice's rows that no slice before it has: it must be weak there too."""
    covered = np.zeros_like(clear)
    p_values = []
    for part in parts:
        p_values.append(test.excess(part & ~covered, clear & ~part).p)
        covered |= part
    return p_values


def _clear(parts: Sequence[Mask]) -> Mask:
    """The rows that slices are compared with: those in none, if these are not few."""
    clear = ~np.logical_or.reduce(parts)
    return clear if clear.mean() >= MIN_CLEAR else np.ones_like(clear)


def _known(mask: Mask, shown: Sequence[Mask]) -> bool:
    """Whether slices that are shown have most rows of another one."""
    return bool(shown) and (mask & np.logical_or.reduce(shown)).sum() > MIN_NEW * mask.sum()


def _renumbered(slice_: FoundSlice, order: Sequence[int]) -> FoundSlice:
    """With features numbered as the caller does; ``order``: the caller's number of each."""
    own = slice_.terms
    numbers = [order[feature] for feature in own.features]
    indices = sorted(range(len(numbers)), key=numbers.__getitem__)
    return replace(
        slice_,
        terms=SliceTerms(
            tuple(numbers[at] for at in indices),
            tuple(own.terms[at] for at in indices),
            tuple(own.fitted[at] for at in indices) if any(own.fitted) else (),
        ),
    )
