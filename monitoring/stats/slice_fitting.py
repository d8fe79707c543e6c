"""Fits the ranges of a chosen slice to the rows that chose it, on a finer grid than was searched.

A range that is weak seldom begins and ends where bins do. Fitting sees the same half of the rows as
the choice, so that the other half still judges a slice that it had no part in.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from monitoring.stats.slice_features import Grid, Mask, SliceMasks, SliceTerms, Span
from monitoring.stats.slice_scores import scores
from monitoring.stats.slice_tables import Sums, row_weights
from monitoring.stats.slice_tests import Losses

Indices = npt.NDArray[np.intp]

ROUNDS = 2
SIMPLER = 0.5
"""A slice must score that much more for each further feature: of the many parts of a weak slice
some score a little more than the whole, by chance."""
MIN_GAIN = 0.3
"""A score must grow by that much for another range."""


class RangeFitter:
    """Fits slices on some rows."""

    def __init__(self, masks: SliceMasks, losses: Losses, least: float) -> None:
        """``masks``, ``losses``: of the same rows, (n,); ``least``: rows that a slice keeps."""
        self._masks = masks
        self._weights = row_weights(losses)
        self._binary, self._own = losses.binary, losses.expected is not None
        self._least = least
        self._every = np.ones(len(losses.loss), np.bool_)

    def fitted(self, terms: SliceTerms, free: Mask | None = None) -> SliceTerms:
        """The slice with the ranges that score highest, on its rows ``free``, (n,)."""
        free = self._every if free is None else free
        total = self._sums(free)
        for _ in range(ROUNDS):
            before = terms
            for index in range(len(terms.features)):
                terms = self._better(terms, index, free, total)
            if terms == before:
                break
        return self._simplified(terms, free, total)

    def score(self, terms: SliceTerms, free: Mask | None = None) -> float:
        """The score of a slice on the rows ``free``, (n,), or on all.

        Minus infinity for too few or too many of them.
        """
        free = self._every if free is None else free
        return self._score(terms, free, self._sums(free))

    def _simplified(self, terms: SliceTerms, free: Mask, total: Sums) -> SliceTerms:
        """The slice without the terms that hardly raise its score."""
        score = self._score(terms, free, total)
        for index in reversed(range(len(terms.features))):
            if len(terms.features) == 1:
                break
            less = terms.without(index)
            if (simpler_score := self._score(less, free, total)) >= score - SIMPLER:
                terms, score = less, simpler_score
        return terms

    def _score(self, terms: SliceTerms, free: Mask, total: Sums) -> float:
        sums = self._sums(free & self._masks.of(terms))
        if not self._least <= sums.rows[0] <= total.rows[0] / 2:
            return -np.inf
        _, score = scores(sums, total, binary=self._binary, own=self._own)
        return float(score[0])

    def _better(self, terms: SliceTerms, index: int, free: Mask, total: Sums) -> SliceTerms:
        """The slice with the best range of the feature at one place."""
        grid = self._masks.features[terms.features[index]].grid
        if grid is None or grid.spans[terms.terms[index]] is None:
            return terms
        now = terms.fitted[index] or grid.spans[terms.terms[index]]
        assert now is not None
        starts, ends = np.triu_indices(grid.size + 1, 1)
        whole = np.flatnonzero((starts == now[0]) & (ends == now[1]))
        sums = self._spans(terms, index, grid, free, starts, ends)
        able = (sums.rows >= self._least) & (sums.rows <= total.rows / 2)
        able &= ends - starts < grid.size
        able[whole] = sums.rows[whole] > 0
        indices = np.flatnonzero(able)
        _, score = scores(sums.at(indices), total, binary=self._binary, own=self._own)
        best = int(score.argmax()) if len(score) else -1
        current = score[indices == whole[0]]
        if best < 0 or not len(current) or not score[best] >= current[0] + MIN_GAIN:
            return terms
        span: Span = (int(starts[indices[best]]), int(ends[indices[best]]))
        spans = tuple(span if at == index else one for at, one in enumerate(terms.fitted))
        return replace(terms, spans=spans)

    def _spans(
        self, terms: SliceTerms, index: int, grid: Grid, free: Mask, starts: Indices, ends: Indices
    ) -> Sums:
        """The sums of the slice with each range of the feature at one place."""
        inside = free & (grid.codes >= 0)
        if len(terms.features) > 1:
            inside &= self._masks.of(terms.without(index))
        by_bin = self._sums(inside, grid)
        until = [
            np.concatenate([[0.0], np.cumsum(part)])
            for part in (by_bin.rows, by_bin.loss, by_bin.other)
        ]
        return Sums(*(part[ends] - part[starts] for part in until))

    def _sums(self, inside: Mask, grid: Grid | None = None) -> Sums:
        """The sums of the rows ``inside``, by bin of a grid: (bins,), or (1,) without one."""
        rows = np.flatnonzero(inside)
        codes = np.zeros(len(rows), np.int64) if grid is None else grid.codes[rows]
        size = 1 if grid is None else grid.size
        return Sums(
            *(
                np.bincount(codes, None if weight is None else weight[rows], size).astype(
                    np.float64
                )
                for weight in self._weights
            )
        )
