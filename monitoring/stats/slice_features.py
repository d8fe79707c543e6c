"""Features of rows as bins, and terms on them: the conditions that a slice is a conjunction of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

    @property
    def size(self) -> int:
        """The number of bins."""
        return int(self.codes.max(initial=-1)) + 1


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

    def mask(self, features: Sequence[SliceFeature]) -> Mask:
        """The rows in the slice, (n,)."""
        parts = [
            features[at].mask(term, span)
            for at, term, span in zip(self.features, self.terms, self.fitted, strict=True)
        ]
        found: Mask = np.logical_and.reduce(parts)
        return found

    def without(self, place: int) -> SliceTerms:
        """The slice without the term at one place."""
        features, terms, spans = (
            (*some[:place], *some[place + 1 :]) for some in (self.features, self.terms, self.fitted)
        )
        return SliceTerms(features, terms, spans if any(spans) else ())

    @property
    def fitted(self) -> tuple[Span | None, ...]:
        """``spans``, of every term."""
        return self.spans or (None,) * len(self.terms)
