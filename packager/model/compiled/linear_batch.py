"""A linear model on many rows: sums the columns' contributions without building a matrix.

The order of additions is that of one row (:mod:`.single_row`), except that the contributions of
all tables are summed first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays, ColumnLayout
from packager.model.compiled.column_blocks import ColumnBlock
from packager.model.compiled.encode import Encoder, FlatColumns, Lookup, is_exact_key
from packager.model.compiled.form import Linear

MAX_PRODUCTS = 1 << 16
"""Maximum number of products of values and weights in memory at once."""
MAX_SEPARATE = 12
"""Up to this many terms, one call each is faster than one call for all."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Pair = tuple[list[float], list[float]]
"""Contribution to each of k scores, and the absolute sums of its products."""


@dataclass(frozen=True)
class _Table:
    """A categorical column: maps its values to rows of the sums of all tables."""

    column: int
    indices: Mapping[Any, int]
    """Value → row; the key None is null, present if null is in the domain."""
    unknown: int
    """The row of values that the table lacks."""
    known_only: bool
    """Whether such values are outside the domain."""


class _CodeIndices(NamedTuple):
    """Translates the codes of a layout to rows of the sums."""

    rows: list[int] | None
    """The tables' rows among the codes; None if these are all rows, in order."""
    indices: Any
    """Code → row of the sums."""
    outside: Bools | None
    """Code → whether it is outside the domain; None if none is."""


class LinearSums:
    """Computes k scores per row, and the absolute sums of their products."""

    def __init__(self, linear: Linear, encoder: Encoder) -> None:
        weights = np.array(linear.coefficients, np.float64).T
        self._intercept = np.array(linear.intercept, np.float64)
        # Sorted by column, the order in which a single row is summed.
        numbers = sorted(encoder.matrix.numbers, key=lambda number: number.column)
        self._block = ColumnBlock(encoder.limits, numbers) if numbers else None
        self._weights = weights[[number.position for number in numbers]][:, None, :]
        self._at_once = max(1, MAX_PRODUCTS // max(1, self._weights.size))
        self._tables: list[_Table] = []
        sums: list[Pair] = []
        for lookup in encoder.lookups:
            self._tables.append(_table(lookup, len(sums)))
            sums += _contributions(lookup, weights)
        self._layout: ColumnLayout | None = None
        self._codes: _CodeIndices | None = None
        self._sums = np.array([score for score, _ in sums])
        self._sizes = np.array([size for _, size in sums])

    def __call__(
        self, columns: Sequence[Sequence[Any]], arrays: ColumnArrays | None = None
    ) -> tuple[Floats, Floats, Bools]:
        """Scores and absolute sums, shape (rows, k), and the mask of rows in the domain.

        ``arrays``: the same columns, if they are at hand as arrays.
        """
        rows = len(columns[0])
        scores = np.empty((rows, len(self._intercept)))
        scores[:] = self._intercept
        sizes = np.abs(scores)
        inside = np.ones(rows, bool)
        if self._block is not None:
            values = self._block.values(columns, arrays)
            inside &= self._block.inside(values)
            numbers = self._block.made(values)[:, :, None]
            for start in range(0, rows, self._at_once):
                part = slice(start, start + self._at_once)
                products = numbers[:, part] * self._weights
                scores[part] = _one_by_one(scores[part], products)
                sizes[part] = _one_by_one(sizes[part], np.abs(products))
        if self._tables:
            indices = None if arrays is None else self._translated(arrays, inside)
            if indices is None:
                indices = self._flat_indices(columns, inside, rows)
            scores += self._sums[indices].sum(axis=0)
            sizes += self._sizes[indices].sum(axis=0)
        return scores, sizes, inside

    def _translated(self, arrays: ColumnArrays, inside: Bools) -> Any:
        """``_flat_indices`` by translation of codes; None if a table's column has no codes."""
        if arrays.layout is not self._layout:
            self._codes = self._code_indices(arrays.layout)
            self._layout = arrays.layout
        if self._codes is None:
            return None
        rows, indices, outside = self._codes
        codes = arrays.codes if rows is None else arrays.codes[rows]
        if outside is not None:
            inside &= ~outside[codes].any(axis=0)
        return indices[codes]

    def _code_indices(self, layout: ColumnLayout) -> _CodeIndices | None:
        tables = {table.column: table for table in self._tables}
        if len(tables) < len(self._tables) or not layout.categories.keys() >= tables.keys():
            return None

        def place(column: int, value: Any) -> int:
            table = tables.get(column)
            return -1 if table is None else table.indices.get(value, table.unknown)

        def is_outside(column: int, value: Any) -> bool:
            table = tables.get(column)
            if table is None or value in table.indices:
                return False
            return value is None or table.known_only or not is_exact_key(value)

        rows = [layout.categories[table.column] for table in self._tables]
        outside = layout.translated(is_outside).astype(bool)
        return _CodeIndices(
            None if rows == [*range(len(layout.categories))] else rows,
            layout.translated(place),
            outside if outside.any() else None,
        )

    def _flat_indices(self, columns: Sequence[Sequence[Any]], inside: Bools, rows: int) -> Any:
        """Rows of the sums, shape (tables, rows); clears ``inside`` outside the domain."""
        flat = chain.from_iterable(
            map(table.indices.get, columns[table.column], repeat(table.unknown))
            for table in self._tables
        )
        indices = np.fromiter(flat, np.intp, rows * len(self._tables)).reshape(-1, rows)
        for table, own in zip(self._tables, indices, strict=True):
            for row in np.flatnonzero(own == table.unknown).tolist():
                value = columns[table.column][row]
                if value is None or table.known_only or not is_exact_key(value):
                    inside[row] = False
        return indices


def _one_by_one(start: Floats, terms: Floats) -> Floats:
    """``start`` plus the terms, added one after another, never pairwise."""
    if len(terms) <= MAX_SEPARATE:
        for term in terms:
            start = start + term
        return start
    total: Floats = np.add.accumulate(np.concatenate((start[None], terms)), axis=0)[-1]
    return total


def _table(lookup: Lookup, first: int) -> _Table:
    """The table whose sums, in the order of ``_contributions``, start at row ``first``."""
    indices: dict[Any, int] = {value: first + at for at, value in enumerate(lookup.entries)}
    unknown = first + len(indices)
    if lookup.null is not None:
        indices[None] = unknown + 1
    return _Table(lookup.column, indices, unknown, lookup.unknown is None)


def _contributions(lookup: Lookup, weights: Floats) -> list[Pair]:
    """Contributions of each value of a table, then of an unknown value, then of null."""
    encodings: list[FlatColumns] = [
        *lookup.entries.values(),
        lookup.unknown or (),
        lookup.null or (),
    ]
    return [_contribution(lookup.default | dict(entries), weights) for entries in encodings]


def _contribution(entries: Mapping[int, float], weights: Floats) -> Pair:
    """Contribution of entries to each score, and the absolute sums of its products."""
    products = [value * weights[at] for at, value in entries.items() if value]
    if not products:
        nothing = [0.0] * weights.shape[1]
        return nothing, nothing
    scores = np.array(products).T.tolist()
    return [math.fsum(own) for own in scores], [math.fsum(map(abs, own)) for own in scores]
