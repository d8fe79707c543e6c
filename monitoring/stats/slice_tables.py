"""The sums of losses in every slice of some features, from one table for each set of features.

A table has a cell for each combination of bins, in each half of the rows. The sums of a term are
those of its bins, so overlapping terms need no further pass over the rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.stats.slice_features import Ints, Mask, SliceFeature, SliceTerms
from monitoring.stats.slice_tests import Losses

Floats = npt.NDArray[np.float64]

CAPPED = 0.2
"""Of the real losses above their mean, those that count as the smallest of them."""


@dataclass(frozen=True)
class Sums:
    """Sums over the rows of some slices: arrays of one shape."""

    rows: Floats
    loss: Floats
    """Of losses; of real losses, minus the expected ones."""
    other: Floats
    """Of expected losses, if losses are 0 or 1; else of the squares of ``loss``."""

    def at(self, indices: npt.NDArray[np.intp]) -> Sums:
        """The sums at some places of the last axis."""
        return Sums(self.rows[..., indices], self.loss[..., indices], self.other[..., indices])


class SliceTables:
    """The sums of every slice, by half."""

    def __init__(self, features: Sequence[SliceFeature], losses: Losses, first: Mask) -> None:
        """``first``: whether a row is in the first half, (n,)."""
        self._half = np.where(first, 0, 1).astype(np.int64)
        # The last bin is that of rows in no term.
        self._codes = [
            np.where(feature.codes < 0, feature.bins, feature.codes) for feature in features
        ]
        self._terms = [
            np.pad(feature.terms, ((0, 0), (0, 1))).astype(np.float64) for feature in features
        ]
        self._grids = [feature.grid for feature in features]
        self._weights = row_weights(losses, first)

    def total(self) -> Sums:
        """The sums of all rows: shape (2,), by half."""
        return Sums(*self._table(self._half, 2))

    def slices(self, most: int) -> Iterator[tuple[tuple[int, ...], Sums]]:
        """Every set of up to ``most`` features, and the sums of its slices: (2, slices)."""
        for size in range(1, most + 1):
            for columns in itertools.combinations(range(len(self._codes)), size):
                yield columns, self._sums(columns)

    def ranges(self, feature: int) -> tuple[list[SliceTerms], Sums] | None:
        """Every range of a number's grid, and its sums: (2, ranges); None for no number."""
        grid = self._grids[feature]
        if grid is None:
            return None
        term = next((at for at, span in enumerate(grid.spans) if span is not None), None)
        if term is None:
            return None
        size = grid.size + 1  # the last bin is that of null
        codes = np.where(grid.codes < 0, grid.size, grid.codes)
        table = self._table(self._half * size + codes, 2 * size).reshape(3, 2, size)
        until = np.cumsum(np.pad(table[..., :-1], ((0, 0), (0, 0), (1, 0))), axis=-1)
        starts, ends = np.triu_indices(size, 1)
        slices = [
            SliceTerms((feature,), (term,), (span,))
            for span in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        return slices, Sums(*(until[..., ends] - until[..., starts]))

    def terms_at(self, chosen: tuple[int, ...], index: int) -> SliceTerms:
        """The slice at one place of the sums of ``chosen``."""
        shape = tuple(len(self._terms[at]) for at in chosen)
        return SliceTerms(chosen, tuple(int(at) for at in np.unravel_index(index, shape)))

    def _sums(self, chosen: tuple[int, ...]) -> Sums:
        key: Ints = self._half
        sizes = [self._terms[at].shape[1] for at in chosen]
        for at, size in zip(chosen, sizes, strict=True):
            key = key * size + self._codes[at]
        table = self._table(key, 2 * int(np.prod(sizes))).reshape(-1, *sizes)
        for axis, at in enumerate(chosen, start=1):
            table = np.moveaxis(np.moveaxis(table, axis, -1) @ self._terms[at].T, -1, axis)
        return Sums(*table.reshape(3, 2, -1))

    def _table(self, key: Ints, size: int) -> Floats:
        """The sums of rows by key: (3, size)."""
        return np.stack(
            [np.bincount(key, weight, size).astype(np.float64) for weight in self._weights]
        )


def row_weights(losses: Losses, first: Mask | None = None) -> tuple[None, Floats, Floats]:
    """The contribution of each row to ``Sums``: one row, its loss and its other number, (n,).

    Of real losses the largest are capped, in each half by its own rows: a few of them would choose
    the slices that they happen to be in. ``first``: whether a row is in the first half, (n,); None
    for rows of one half.
    """
    if losses.binary:
        own = losses.expected
        return None, losses.loss, np.zeros(len(losses.loss)) if own is None else own
    over = losses.over.copy()
    for half in (slice(None),) if first is None else (first, ~first):
        over[half] = _capped(over[half])
    return None, over, over * over


def _capped(over: Floats) -> Floats:
    """``over`` without the differences of the largest fifth of those above its mean."""
    above = over[over > over.mean()] if len(over) else over
    return np.minimum(over, np.quantile(above, 1 - CAPPED)) if len(above) else over
