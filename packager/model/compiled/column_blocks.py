"""The numeric columns of many rows: one NumPy call for all columns with the same operations.

With hundreds of columns and a hundred rows, one call per column costs more than its arithmetic.
Each entry goes through the same float64 operations as it would alone, so the bits are equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays
from packager.model.compiled.form import Number, Op

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

VECTOR: Mapping[str, Any] = {
    "fill": lambda x, fill: np.where(np.isnan(x), fill, x),
    "subtract": lambda x, by: x - by,
    "divide": lambda x, by: x / by,
    "multiply": lambda x, by: x * by,
    "add": lambda x, by: x + by,
    "clip": lambda x, low, high: np.clip(x, low, high),
    "isnull": lambda x: np.isnan(x).astype(np.float64),
    "above": lambda x, limit: (x > limit).astype(np.float64),
    "bins": lambda x, *edges: np.searchsorted(edges, x, side="right").astype(np.float64),
    "equals": lambda x, other: (x == other).astype(np.float64),
}
"""Name of an op → function; arguments are numbers or broadcastable arrays, except bin edges."""


@dataclass(frozen=True)
class Limits:
    """Values that the domain allows in one numeric column."""

    column: int
    low: float
    high: float
    nulls: bool


def apply(ops: Sequence[Op], values: Floats) -> Floats:
    """``values`` after ``ops``, as scikit-learn computes them."""
    for op in ops:
        values = VECTOR[op.name](values, *op.values)
    return values


@dataclass(frozen=True)
class _Group:
    """Numbers with ops of the same names, each with its own arguments."""

    numbers: Any
    """Their positions among all numbers, shape (n,)."""
    columns: Any
    """Positions of the columns they are computed from, shape (n,)."""
    steps: Sequence[tuple[str, Sequence[Floats]]]
    """Name of an op, and for each of its arguments the values of all numbers, shape (n, 1)."""


class ColumnBlock:
    """Some columns of a request as one array, and the numbers computed from them."""

    def __init__(self, limits: Sequence[Limits], numbers: Sequence[Number]) -> None:
        """``limits``: one per column; ``numbers``: computed from these columns."""
        self._columns = [limit.column for limit in limits]
        self._low = np.array([[limit.low] for limit in limits])
        self._high = np.array([[limit.high] for limit in limits])
        self._nulls = np.array([[limit.nulls] for limit in limits])
        self._count = len(numbers)
        indices = {column: index for index, column in enumerate(self._columns)}
        alike: dict[tuple[Any, ...], list[int]] = {}
        self._single: list[tuple[int, int, Sequence[Op]]] = []
        for at, number in enumerate(numbers):
            if any(op.name == "bins" for op in number.ops):
                self._single.append((at, indices[number.column], number.ops))
            else:
                alike.setdefault(tuple(op.name for op in number.ops), []).append(at)
        self._groups = [
            _group([(at, numbers[at]) for at in its], indices) for its in alike.values()
        ]

    def values(
        self, columns: Sequence[Sequence[Any]], arrays: ColumnArrays | None = None
    ) -> Floats:
        """Shape (columns, rows), NaN for null; integers round to the nearest float64.

        ``arrays``: the same columns, if they are at hand as arrays.
        """
        if arrays is not None:
            block = arrays.rows_of(self._columns)
            if block is not None:
                return block
        selected = [columns[at] for at in self._columns]
        rows = len(selected[0]) if selected else 0
        try:
            flat = np.fromiter(chain.from_iterable(selected), np.float64, len(selected) * rows)
        except TypeError:  # nulls need the slower conversion
            return np.array(selected, np.float64)
        return flat.reshape(len(selected), rows)

    def inside(self, values: Floats) -> Bools:
        """Mask of the rows that are within the limits of all columns, shape (rows,)."""
        good = (values >= self._low) & (values <= self._high)
        if good.all():
            return np.ones(values.shape[1], np.bool_)
        return np.asarray((good | self._nulls & np.isnan(values)).all(axis=0), np.bool_)

    def made(self, values: Floats) -> Floats:
        """The numbers, shape (numbers, rows)."""
        numbers = np.empty((self._count, values.shape[1]))
        for group in self._groups:
            block = values[group.columns]
            for name, operands in group.steps:
                block = VECTOR[name](block, *operands)
            numbers[group.numbers] = block
        for at, index, ops in self._single:
            numbers[at] = apply(ops, values[index])
        return numbers


def _group(numbers: Sequence[tuple[int, Number]], indices: Mapping[int, int]) -> _Group:
    steps = []
    for ops in zip(*(number.ops for _, number in numbers), strict=True):
        operands = zip(*(op.values for op in ops), strict=True)
        steps.append((ops[0].name, [np.array(own, np.float64)[:, None] for own in operands]))
    return _Group(
        np.array([at for at, _ in numbers], np.intp),
        np.array([indices[number.column] for _, number in numbers], np.intp),
        steps,
    )
