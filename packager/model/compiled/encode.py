"""Encode the columns of a request as a matrix: in NumPy for many rows, plain Python for one.

Both do the same float64 arithmetic, entry by entry, in the order of the model's own transformers,
so they give the same bits.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays, ColumnLayout
from packager.manifest.base import MAX_EXACT_INTEGER
from packager.model.compiled.column_blocks import ColumnBlock, Limits
from packager.model.compiled.form import Domain, Entries, LookupTable, Matrix, Op

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
FlatColumns = tuple[tuple[int, float], ...]

MAX_DENSE_ENTRIES = 1_000_000
"""Largest table that is stored as a dense array, in values times entries."""
NUL = "\0"
"""Fixed-width text arrays drop a trailing NUL, so text with a NUL is outside the domain."""


def scalar(ops: Sequence[Op]) -> Callable[[float], float]:
    """Like ``column_blocks.apply``, for one float."""
    names, values = [op.name for op in ops], [value for op in ops for value in op.values]
    if not names:
        return float
    if names == ["fill"]:
        (fill,) = values
        return lambda x: fill if x != x else float(x)
    if names == ["subtract", "divide"]:
        center, scale = values
        return lambda x: (x - center) / scale
    if names == ["fill", "subtract", "divide"]:
        fill, center, scale = values
        return lambda x: ((fill if x != x else x) - center) / scale
    steps = [(_SCALAR[op.name], op.values) for op in ops]

    def chain(x: float) -> float:
        for step, operand in steps:
            x = step(float(x), *operand)
        return x

    return chain


def _clip(x: float, low: float, high: float) -> float:
    return x if x != x else min(max(x, low), high)


_SCALAR: Mapping[str, Callable[..., float]] = {
    "fill": lambda x, fill: fill if x != x else x,
    "subtract": lambda x, by: x - by,
    "divide": lambda x, by: x / by,
    "multiply": lambda x, by: x * by,
    "add": lambda x, by: x + by,
    "clip": _clip,
    "isnull": lambda x: float(x != x),
    "above": lambda x, limit: float(x > limit),
    "bins": lambda x, *edges: float(len(edges) if x != x else bisect_right(edges, x)),
    "equals": lambda x, other: float(x == other),
}


def plain(entries: Entries) -> FlatColumns:
    """``entries`` with NaN for None."""
    return tuple((at, math.nan if value is None else value) for at, value in entries)


def is_exact_key(value: Any) -> bool:
    """Whether every container stores a value that no table contains without change."""
    if isinstance(value, str):
        return NUL not in value
    return bool(-MAX_EXACT_INTEGER < value < MAX_EXACT_INTEGER)


class Lookup:
    """A table prepared for lookup: the entries of one value, or the matrix block of many."""

    def __init__(self, table: LookupTable) -> None:
        self.column = table.column
        self.default = dict(plain(table.default))
        self.entries = {k: plain(e) for k, e in zip(table.keys, table.entries, strict=True)}
        self.null = None if table.null is None else plain(table.null)
        self.unknown = None if table.unknown is None else plain(table.unknown)
        self._positions = np.array(sorted(self.default), np.intp)
        self._layout: ColumnLayout | None = None
        self._translated: Any = None

    def find(self, value: Any) -> FlatColumns | None:
        """Entries of ``value`` that differ from the default; None if it is outside the domain."""
        if value is None:
            return self.null
        entries = self.entries.get(value)
        return self.unknown if entries is None and is_exact_key(value) else entries

    def blocks(self, arrays: ColumnArrays) -> tuple[Any, Floats] | None:
        """For each row its row of a block, -1 outside the domain, and the block.

        None if ``arrays`` has no codes of this column, or the block would be too large.
        """
        layout = arrays.layout
        index = layout.categories.get(self.column)
        if index is None or self._dense is None:
            return None
        rows, block = self._dense
        if layout is not self._layout:
            inside = layout.translated(
                lambda column, value: (
                    rows.get(value, len(block) - 1)
                    if column == self.column and self.find(value) is not None
                    else -1
                )
            )
            self._translated, self._layout = inside, layout
        return self._translated[arrays.codes[index]], block

    def fill(
        self, matrix: Floats, values: Sequence[Any], arrays: ColumnArrays | None = None
    ) -> None:
        """Write the entries of ``values``, all in the domain, into the rows of ``matrix``."""
        blocks = None if arrays is None else self.blocks(arrays)
        if blocks is not None:
            rows, block = blocks
            matrix[:, self._positions] = block[rows]
            return
        if self._dense is not None:
            codes, block = self._dense
            known = codes.get
            rows = [codes[None] if v is None else known(v, -1) for v in values]
            matrix[:, self._positions] = block[rows]
            return
        matrix[:, self._positions] = [self.default[at] for at in self._positions.tolist()]
        for row, value in enumerate(values):
            for at, entry in self.find(value) or ():
                matrix[row, at] = entry

    @cached_property
    def _dense(self) -> tuple[dict[Any, int], Floats] | None:
        """Value → row of a block, whose last two rows are null and unknown; None if too large."""
        rows = [*self.entries.values(), self.null or (), self.unknown or ()]
        if len(rows) * len(self._positions) > MAX_DENSE_ENTRIES:
            return None
        indices = {at: index for index, at in enumerate(self._positions.tolist())}
        block = np.tile([self.default[at] for at in indices], (len(rows), 1)).astype(np.float64)
        for row, entries in enumerate(rows):
            for at, entry in entries:
                block[row, indices[at]] = entry
        codes: dict[Any, int] = {key: row for row, key in enumerate(self.entries)}
        return {**codes, None: len(rows) - 2}, block


class Encoder:
    """Encodes the columns of one matrix of a form."""

    def __init__(self, matrix: Matrix, domains: Sequence[Domain]) -> None:
        self.matrix = matrix
        self.lookups = tuple(Lookup(table) for table in matrix.tables)
        self.limits = tuple(_limits(domains, {number.column for number in matrix.numbers}))
        self.block = ColumnBlock(self.limits, matrix.numbers)
        """All numbers of the matrix, in its order."""
        self._positions = [number.position for number in matrix.numbers]
        self.targets = {
            limits.column: tuple(
                (number.position, scalar(number.ops))
                for number in matrix.numbers
                if number.column == limits.column
            )
            for limits in self.limits
        }
        self._template = [0.0] * matrix.width
        for lookup in self.lookups:
            for at, entry in lookup.default.items():
                self._template[at] = entry

    def row(self, values: Sequence[Any]) -> list[float] | None:
        """One row of the matrix, derived entries 0; None if it is outside the domain."""
        out = self._template.copy()
        for limits in self.limits:
            value = values[limits.column]
            if value is None:
                if not limits.nulls:
                    return None
                value = math.nan
            elif not limits.low <= value <= limits.high:
                return None
            for position, make in self.targets[limits.column]:
                out[position] = make(value)
        for lookup in self.lookups:
            entries = lookup.find(values[lookup.column])
            if entries is None:
                return None
            for position, entry in entries:
                out[position] = entry
        return out

    def inside(
        self, columns: Sequence[Sequence[Any]], rows: int, arrays: ColumnArrays | None = None
    ) -> Bools:
        """Mask of the rows that are in the domain of this matrix, shape (rows,).

        ``arrays``: the same columns, if they are at hand as arrays.
        """
        good = np.ones(rows, bool)
        if self.limits:
            good &= self.block.inside(self.block.values(columns, arrays))
        for lookup in self.lookups:
            blocks = None if arrays is None else lookup.blocks(arrays)
            if blocks is not None:
                good &= blocks[0] >= 0
                continue
            find = lookup.find
            good &= np.fromiter((find(v) is not None for v in columns[lookup.column]), bool, rows)
        return good

    def fill(
        self, columns: Sequence[Sequence[Any]], rows: int, arrays: ColumnArrays | None = None
    ) -> Floats:
        """The matrix, shape (rows, width), of rows in the domain; derived entries are 0.

        ``arrays``: the same columns, if they are at hand as arrays.
        """
        matrix = np.zeros((rows, self.matrix.width))
        if self.limits:
            matrix[:, self._positions] = self.block.made(self.block.values(columns, arrays)).T
        for lookup in self.lookups:
            lookup.fill(matrix, columns[lookup.column], arrays)
        return matrix


def _limits(domains: Sequence[Domain], columns: set[int]) -> list[Limits]:
    limits = []
    for column in sorted(columns):
        domain = domains[column]
        low = -math.inf if domain.low is None else domain.low
        high = math.inf if domain.high is None else domain.high
        limits.append(Limits(column, low, high, domain.nulls))
    return limits
