"""Cells of array, bytes and list columns, as ``msgspec`` parses them, without a check per element.

A column of arrays becomes one block. Results equal those of the exact checker, which is tested;
cells that only it can judge raise ``SlowPathError``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.data.rows.column_converter import Anomaly, ColumnConverter
from packager.manifest.base import MAX_EXACT_INTEGER
from serving.prediction.converters import SlowPathError

NESTED = ("array", "bytes", "list")
"""Kinds of columns that are read here."""
_ELEMENTS: dict[str, Any] = {"number": float, "integer": int, "boolean": bool, "string": str}
_MISSING: Anomaly = "missing"

Judged = tuple[Any, list[tuple[int, Anomaly]]]
"""The values of a column, a sequence or one array; and the rows with an anomaly."""


def wire_type(plan: ColumnConverter) -> Any:
    """The type of a cell for ``msgspec``, which parses base64 text to bytes."""
    column = plan.column
    if column.kind == "bytes":
        return bytes | None
    if column.kind == "list":
        element: Any = _ELEMENTS[column.element or "number"] | None
        return list[element] | None
    kind: Any = bool if column.element == "bool" else float
    for _ in column.shape or ():
        kind = list[kind]
    return kind | None


def nested_reader(plan: ColumnConverter) -> Callable[[Sequence[Any]], Judged]:
    """A function that reads the cells of one column, each of ``wire_type``."""
    if plan.column.kind == "array":
        return _ArrayCells(plan).read
    read = _lists(plan) if plan.column.kind == "list" else _plain
    return _never_empty(read) if "empty" in plan.column.refuses else read


def _never_empty(read: Callable[[Sequence[Any]], Judged]) -> Callable[[Sequence[Any]], Judged]:
    def filled(cells: Sequence[Any]) -> Judged:
        if any(cell is not None and not cell for cell in cells):
            raise SlowPathError
        return read(cells)

    return filled


def _plain(cells: Sequence[Any]) -> Judged:
    return cells, [(row, _MISSING) for row, cell in enumerate(cells) if cell is None]


def _lists(plan: ColumnConverter) -> Callable[[Sequence[Any]], Judged]:
    if plan.column.element in ("boolean", "string"):
        return _plain

    def read(cells: Sequence[Any]) -> Judged:
        for number in chain.from_iterable(cell for cell in cells if cell):
            # A larger number may have been an integer that a float can't hold.
            if number is not None and not -MAX_EXACT_INTEGER < number < MAX_EXACT_INTEGER:
                raise SlowPathError
        return _plain(cells)

    return read


class _ArrayCells:
    """Nested lists of one shape."""

    def __init__(self, plan: ColumnConverter) -> None:
        self._plan = plan
        self._shape = plan.column.shape or ()
        self._dtype = np.dtype(plan.column.element)
        floats = self._dtype.kind == "f"
        self._exact = 2 << np.finfo(self._dtype).nmant if floats else 0
        """Below it, floats of the dtype hold every integer; 0 for an integer dtype."""
        self._wide = np.dtype(bool if self._dtype.kind == "b" else np.float64)

    def read(self, cells: Sequence[Any]) -> Judged:
        if None not in cells:
            block = self._block(cells)
            return block, self._judged(block)
        whole = self._block([cell for cell in cells if cell is not None])
        present = iter(whole)
        values = [None if cell is None else next(present) for cell in cells]
        rows = [row for row, cell in enumerate(cells) if cell is not None]
        anomalies = [(rows[at], anomaly) for at, anomaly in self._judged(whole)]
        return values, sorted(anomalies + _plain(cells)[1])

    def _block(self, cells: Sequence[Any]) -> npt.NDArray[Any]:
        level, whole = cells, (len(cells), *self._shape)
        for extent in self._shape:
            if set(map(len, level)) != {extent}:
                raise SlowPathError
            level = level[0] if len(level) == 1 else list(chain.from_iterable(level))
        return self._held(np.fromiter(level, self._wide, len(level))).reshape(whole)

    def _held(self, wide: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The numbers in the column's dtype; ``SlowPathError`` unless it holds them."""
        if self._dtype.kind == "b" or not wide.size:
            return wide.astype(self._dtype, copy=False)
        largest = max(wide.max(), -wide.min())
        if not largest < MAX_EXACT_INTEGER:
            raise SlowPathError
        if self._dtype == self._wide:
            return wide
        if largest < self._exact:
            return wide.astype(self._dtype)
        sizes = np.abs(wide)
        with np.errstate(over="ignore", invalid="ignore"):
            held = wide.astype(self._dtype)
        changed = held != wide
        # A float is rounded, but a large one may have been an integer.
        if changed.any() and not (sizes[changed] < self._exact).all():
            raise SlowPathError
        return held

    def _judged(self, block: npt.NDArray[Any]) -> list[tuple[int, Anomaly]]:
        low, high = self._plan.column.minimum, self._plan.column.maximum
        if (
            low is None
            or high is None
            or not block.size
            or (low <= block.min() and block.max() <= high)
        ):
            return []
        judged = ((row, self._plan.judge(cell)) for row, cell in enumerate(block))
        return [(row, anomaly) for row, anomaly in judged if anomaly is not None]
