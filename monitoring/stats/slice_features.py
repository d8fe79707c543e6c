"""Features of rows as bins, and terms on them: the conditions that a slice is a conjunction of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


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

    def mask(self, term: int) -> Mask:
        """The rows in a term, (n,)."""
        return np.append(self.terms[term], False)[self.codes]


@dataclass(frozen=True, order=True)
class SliceTerms:
    """A slice: terms of one or more features, all of which hold."""

    features: tuple[int, ...]
    """Indices of the features, increasing."""
    terms: tuple[int, ...]
    """The term of each of them."""

    def mask(self, features: Sequence[SliceFeature]) -> Mask:
        """The rows in the slice, (n,)."""
        found: Mask | None = None
        for at, term in zip(self.features, self.terms, strict=True):
            own = features[at].mask(term)
            found = own if found is None else found & own
        if found is None:
            raise ValueError("expected a slice of at least one term, got none")
        return found
