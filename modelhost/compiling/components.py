"""Components of text features (``TruncatedSVD``), folded into the weights of a linear model.

A component is a sum over the features of a text with a factor for each. So a linear model of
components is one of the features, with the product of both weights: a form needs no matrix of
components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from modelhost.compiling.provenance import ComponentFeature, Feature


class Projection(NamedTuple):
    """The components that one transformer computes."""

    cells: tuple[Feature, ...]
    """The features that it is given."""
    factors: Any
    """float64, shape (components, features)."""


class FoldedWeights(NamedTuple):
    """Weights of the cells that the components are computed from."""

    weights: Any
    """float64, shape (scores, cells)."""
    largest: float | None
    """The largest sum of absolute products of a weight and a factor, which bounds the rounding of
    sums over components; None without components."""
    terms: int
    """Largest number of products of such a sum."""


class UnfoldedMatrix:
    """The cells of a matrix, with the features of components in their place."""

    def __init__(self, cells: Sequence[Feature], projections: Sequence[Projection]) -> None:
        self.cells: list[Feature] = []
        self._origins: list[int] = []
        self._components: dict[int, tuple[int, list[int], list[int]]] = {}
        self._projections = projections
        for index, cell in enumerate(cells):
            if not isinstance(cell, ComponentFeature):
                self.cells.append(cell)
                self._origins.append(index)
                continue
            if cell.projection not in self._components:
                self._components[cell.projection] = (len(self.cells), [], [])
                projected = projections[cell.projection].cells
                self.cells += projected
                self._origins += [-1] * len(projected)
            _, indices, outputs = self._components[cell.projection]
            indices.append(index)
            outputs.append(cell.output)

    def origin(self, position: int) -> int:
        """The place in the matrix of the cell at ``position``, which is no feature of a text."""
        return self._origins[position]

    def weights(self, own: Any) -> FoldedWeights:
        """From the weights of the matrix, shape (scores, places)."""
        origins = np.array(self._origins)
        folded = np.where(origins >= 0, own[:, origins], 0.0)
        if not self._components:
            return FoldedWeights(folded, None, 0)
        sizes, terms = np.abs(folded), 0
        for number, (start, indices, outputs) in self._components.items():
            factors = self._projections[number].factors[outputs]
            stop = start + factors.shape[1]
            folded[:, start:stop] = own[:, indices] @ factors
            sizes[:, start:stop] = np.abs(own[:, indices]) @ np.abs(factors)
            terms = max(terms, len(indices))
        return FoldedWeights(folded, float(sizes.max()), terms)
