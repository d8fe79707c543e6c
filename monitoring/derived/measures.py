"""The derived numbers and categories of each kind of column, by name: ``pixels.mean``.

Nothing else computes them: profile, drift, slices and checks read them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.derived.arrays import ArrayCells
from monitoring.derived.files import BytesCells
from monitoring.derived.lists import ListCells
from monitoring.derived.texts import TextCells

Floats = npt.NDArray[np.float64]
MeasuredValues = Floats | list[str | None]
"""Numbers, (n,), NaN for null; or categories, None for null."""
Cells = ArrayCells | BytesCells | ListCells | TextCells
CellKind = Literal["array", "bytes", "list", "string"]

MEASURES: Mapping[CellKind, tuple[str, ...]] = {
    "array": ("mean", "nearest", "distance", "std", "zeros", "norm", "nonfinite"),
    "bytes": ("bytes", "format", "brightness", "nearest", "width", "height", "contrast"),
    "list": ("length", "unseen", "mean"),
    "string": ("length", "unseen", "script", "token"),
}
"""The measures of each kind, the most telling first."""
MAX_MEASURES = max(map(len, MEASURES.values()))
IMAGES_ONLY = frozenset({"format", "brightness", "nearest", "width", "height", "contrast"})
"""Measures of bytes that are images."""
CATEGORIES = frozenset({"format", "script", "token"})
"""Measures that are categories."""
LEARNED = frozenset({"distance", "nearest", "unseen", "token"})
"""Measures that need what was learned from the training rows."""
COSTLY = frozenset({"brightness", "contrast", "nearest"})
"""Measures of bytes that take milliseconds a row."""


class DerivedValue(NamedTuple):
    """A measure of a column."""

    column: str
    measure: str

    @property
    def name(self) -> str:
        """``column.measure``."""
        return f"{self.column}.{self.measure}"


def cells_of(values: Any) -> Cells | None:
    """The cells of a column, by the type of its first value; None for other types.

    ``values``: a sequence with None for null, an array (n, *shape), or a pandas column (also of
    blocks with ``block`` and ``absent``). A column without a value is None.
    """
    blocks: Any = getattr(values, "array", None)
    if hasattr(blocks, "block"):
        absent = np.zeros(len(values), np.bool_) if blocks.absent is None else blocks.absent
        return ArrayCells(blocks.block, absent)
    if isinstance(values, np.ndarray) and values.dtype != object:
        return ArrayCells.of(values) if values.ndim > 1 else None
    if blocks is not None:
        null = values.isna().to_numpy(bool).tolist()
        values = [None if gone else v for v, gone in zip(values, null, strict=True)]
    return _by_type(values)


def measured(values: Any, measure: str, learned: str = "") -> MeasuredValues:
    """One measure of a column, as ``cells_of`` takes it; all null for a column without a value.

    Raises ``ValueError`` if its cells have no such measure.
    """
    cells = cells_of(values)
    if cells is None:
        if any(value is not None and value == value for value in values):
            raise ValueError(f"expected arrays, bytes, lists or text for {measure!r}, got others")
        return [None] * len(values) if measure in CATEGORIES else np.full(len(values), np.nan)
    if measure not in MEASURES[cells.kind]:
        raise ValueError(
            f"expected one of {', '.join(MEASURES[cells.kind])} of a column of {cells.kind}, "
            f"got {measure!r}"
        )
    return cells.measured(measure, learned)


def is_nested(series: Any) -> bool:
    """Whether a pandas column holds arrays, bytes or lists."""
    return not isinstance(cells_of(series.iloc[:1_000].dropna()), TextCells | None)


def as_values(values: MeasuredValues) -> list[Any]:
    """Plain values of a measure: None for null."""
    if isinstance(values, list):
        return list(values)
    return [None if number != number else number for number in values.tolist()]


def _by_type(values: Sequence[Any]) -> Cells | None:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, np.ndarray):
        return ArrayCells.of(values)
    if isinstance(first, bytes):
        return BytesCells(values)
    if isinstance(first, list):
        return ListCells(values)
    return TextCells(values) if isinstance(first, str) else None
