"""Many rows through a linear model: what each column adds, looked up or multiplied; no matrix.

Columns are added up in the order in which one row's are (:mod:`.onerow`), so the scores of a
binary model are the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.worker.compiling.encode import Encoder, Lookup, Plain, apply, numbers, tame
from packager.worker.compiling.form import Linear, Op

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_UNKNOWN, _NULL = -1, -2  # the last rows of a table


@dataclass(frozen=True)
class _Products:
    """A numeric column: its entries after their operations, each with its weights."""

    column: int
    low: float
    high: float
    nulls: bool
    terms: Sequence[tuple[Sequence[Op], Floats]]


@dataclass(frozen=True)
class _Table:
    """A column of categories: what each value adds, the products already made."""

    column: int
    places: Mapping[Any, int]
    """Value → row of the arrays; None for null where that is in the domain."""
    sums: Floats
    sizes: Floats
    unknown: bool
    """Whether values that no table knows are in the domain."""


class LinearSums:
    """The scores of rows, and how large the products in them are; k scores a row."""

    def __init__(self, linear: Linear, encoder: Encoder) -> None:
        weights = np.array(linear.coefficients, np.float64).T
        self._intercept = np.array(linear.intercept, np.float64)
        self._products = [
            _Products(
                limits.column,
                limits.low,
                limits.high,
                limits.nulls,
                [
                    (number.ops, weights[number.position])
                    for number in encoder.matrix.numbers
                    if number.column == limits.column
                ],
            )
            for limits in encoder.limits
        ]
        self._tables = [_table(lookup, weights) for lookup in encoder.lookups]

    def __call__(self, columns: Sequence[Sequence[Any]]) -> tuple[Floats, Floats, Bools]:
        """Scores and absolute sums, rows by k, and which rows are in the domain."""
        rows = len(columns[0])
        scores = np.tile(self._intercept, (rows, 1))
        sizes = np.abs(scores)
        inside = np.ones(rows, bool)
        for found in self._products:
            values = numbers(columns[found.column])
            good = (values >= found.low) & (values <= found.high)
            inside &= good | np.isnan(values) if found.nulls else good
            for ops, weights in found.terms:
                products = apply(ops, values)[:, None] * weights
                scores += products
                sizes += np.abs(products)
        for table in self._tables:
            places = _places(table, columns[table.column], inside)
            scores += table.sums[places]
            sizes += table.sizes[places]
        return scores, sizes, inside


def _places(table: _Table, values: Sequence[Any], inside: Bools) -> npt.NDArray[np.intp]:
    """The row of the table for each value; rows outside the domain are struck from ``inside``."""
    found = map(table.places.get, values, repeat(_UNKNOWN))
    places = np.fromiter(found, np.intp, len(values))
    for row in np.flatnonzero(places == _UNKNOWN).tolist():
        value = values[row]
        if value is None or not table.unknown or not tame(value):
            inside[row] = False
    return places


def _table(lookup: Lookup, weights: Floats) -> _Table:
    kept: list[Plain] = [*lookup.entries.values(), lookup.null or (), lookup.unknown or ()]
    made = [_contribution(lookup.default | dict(entries), weights) for entries in kept]
    places: dict[Any, int] = {value: place for place, value in enumerate(lookup.entries)}
    if lookup.null is not None:
        places[None] = len(made) + _NULL
    return _Table(
        lookup.column,
        places,
        np.array([sums for sums, _ in made]),
        np.array([sizes for _, sizes in made]),
        lookup.unknown is not None,
    )


def _contribution(entries: Mapping[int, float], weights: Floats) -> tuple[list[float], list[float]]:
    """What entries add to each score, and the absolute sum of the products in it."""
    products = [value * weights[at] for at, value in entries.items() if value]
    if not products:
        nothing = [0.0] * weights.shape[1]
        return nothing, nothing
    scores = np.array(products).T.tolist()
    return [math.fsum(own) for own in scores], [math.fsum(map(abs, own)) for own in scores]
