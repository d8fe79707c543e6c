"""Features of rows as bins, and terms on them: the conditions that a slice is a conjunction of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


Span = tuple[int, int]
"""From a bin of a grid to before another."""


@dataclass(frozen=True)
class Grid:
    """Ordered bins of a number, finer than those it is searched by: terms are fitted to them."""

    codes: Ints
    """The bin of each row, (n,); -1 for none."""
    spans: tuple[Span | None, ...]
    """The bins of each term; None for a term that is no range."""
    size: int
    """The number of bins."""


@dataclass(frozen=True)
class SliceFeature:
    """One feature of n rows, with k bins and t terms.

    A term is a set of bins: one bin, three coarse ranges of a number, everything but one category.
    Terms may overlap; a slice has at most one term of a feature.
    """

    name: str
    codes: Ints
    """The bin of each row, (n,), from 0 to k - 1; -1 for a row in no term of this feature."""
    terms: Mask
    """Whether a term holds a bin: (t, k)."""
    grid: Grid | None = None
    """Of a number."""

    def __post_init__(self) -> None:
        if self.terms.ndim != 2 or self.codes.ndim != 1:
            raise ValueError(f"{self.name}: expected codes (n,) and terms (t, k)")
        if len(self.codes) and not -1 <= self.codes.min() <= self.codes.max() < self.bins:
            raise ValueError(
                f"{self.name}: expected codes from -1 to {self.bins - 1}, "
                f"got {self.codes.min()} to {self.codes.max()}"
            )

    @classmethod
    def of_codes(cls, name: str, codes: npt.ArrayLike) -> Self:
        """A feature whose terms are its bins, one each."""
        known = np.asarray(codes, np.int64)
        bins = int(known.max(initial=-1)) + 1
        return cls(name, known, np.eye(bins, dtype=np.bool_))

    def part(self, rows: npt.NDArray[np.intp]) -> SliceFeature:
        """The feature of some rows, by index."""
        grid = self.grid
        if grid is not None:
            grid = replace(grid, codes=grid.codes[rows])
        return replace(self, codes=self.codes[rows], grid=grid)

    @property
    def bins(self) -> int:
        """The number of bins, k."""
        return int(self.terms.shape[1])

    def mask(self, term: int, span: Span | None = None) -> Mask:
        """The rows in a term, or in the bins ``span`` of the grid, (n,)."""
        if span is None:
            return np.append(self.terms[term], False)[self.codes]
        assert self.grid is not None
        return (self.grid.codes >= span[0]) & (self.grid.codes < span[1])


@dataclass(frozen=True)
class SliceTerms:
    """A slice: terms of one or more features, all of which hold."""

    features: tuple[int, ...]
    """Indices of the features, increasing."""
    terms: tuple[int, ...]
    """The term of each of them."""
    spans: tuple[Span | None, ...] = ()
    """The bins of the grid that were fitted to a term; None for the term itself."""

    @property
    def parts(self) -> Iterator[tuple[int, int, Span | None]]:
        """Feature, term and span of each term."""
        return zip(self.features, self.terms, self.fitted, strict=True)

    def without(self, index: int) -> SliceTerms:
        """The slice without the term at one place."""
        features, terms, spans = (
            (*some[:index], *some[index + 1 :]) for some in (self.features, self.terms, self.fitted)
        )
        return SliceTerms(features, terms, spans if any(spans) else ())

    @property
    def fitted(self) -> tuple[Span | None, ...]:
        """``spans``, of every term."""
        return self.spans or (None,) * len(self.terms)


class SliceMasks:
    """The rows of slices; those of each term are computed once."""

    def __init__(self, features: Sequence[SliceFeature]) -> None:
        self.features = features
        self._known: dict[tuple[int, int, Span | None], Mask] = {}

    def of(self, slice_: SliceTerms) -> Mask:
        """The rows in a slice, (n,)."""
        parts = [self._term(*key) for key in slice_.parts]
        mask: Mask = np.logical_and.reduce(parts)
        return mask

    def _term(self, feature: int, term: int, span: Span | None) -> Mask:
        key = (feature, term, span)
        if key not in self._known:
            self._known[key] = self.features[feature].mask(term, span)
        return self._known[key]
