"""Derived values of the columns of a batch, for the bins of a profile: as many as cost allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.derived.images import header
from monitoring.derived.lists import MAX_MEMBERS
from monitoring.derived.measures import COSTLY, Cells, as_values, cells_of
from monitoring.derived.texts import MAX_CHARACTERS
from monitoring.derived.thumbnails import USUAL
from monitoring.profile.profile import FeatureProfile

Floats = npt.NDArray[np.float64]

MAX_DECODED_PIXELS = 1 << 16
"""Pixels decoded of one batch: some ten to twenty milliseconds."""
MAX_MEASURED = 1_000_000
"""Cost of the cells of a column that are measured of one batch, in elements of an array: some
ten milliseconds."""


class DerivedColumns:
    """Computes what features are derived from, each column's cells once."""

    def __init__(self, features: Sequence[tuple[int, FeatureProfile]]) -> None:
        """``features``: column index and bins of each; only those with a measure are derived."""
        self._derived = [
            (column, feature.measure, feature.learned)
            for column, feature in features
            if feature.measure is not None
        ]

    def __bool__(self) -> bool:
        return bool(self._derived)

    def of(self, columns: Sequence[Sequence[Any] | Floats]) -> Iterator[list[Any]]:
        """The values of each derived feature, in order; None for null, and for rows left out.

        Of a large batch evenly spaced rows are measured.
        """
        cells: dict[tuple[int, bool], tuple[range, Cells | None]] = {}
        for column, measure, learned in self._derived:
            values = columns[column]
            costly = measure in COSTLY and _are_bytes(values)
            if (column, costly) not in cells:
                indices = _measured_indices(values, costly)
                some = values if len(indices) == len(values) else [values[at] for at in indices]
                cells[column, costly] = indices, cells_of(some)
            indices, column_cells = cells[column, costly]
            derived: list[Any] = [None] * len(values)
            if column_cells is not None:
                own = as_values(column_cells.measured(measure, learned))
                derived[indices.start : indices.stop : indices.step] = own
            yield derived


def size_of(value: Any) -> int:
    """Elements of an array, bytes, members of a list, or characters; 1 for anything else."""
    if isinstance(value, np.ndarray):
        return value.size
    return len(value) if isinstance(value, bytes | list | str) else 1


def _measured_indices(values: Sequence[Any] | Floats, costly: bool) -> range:
    """The positions of the values to measure: all, or as many as the limits allow."""
    cost, limit = (_pixels_of, MAX_DECODED_PIXELS) if costly else (_cost_of, MAX_MEASURED)
    mean = sum(map(cost, values[:100])) / max(1, min(100, len(values)))
    most = max(1, int(limit / max(1.0, mean)))
    return range(0, len(values), max(1, -(-len(values) // most)))


def _are_bytes(values: Sequence[Any] | Floats) -> bool:
    if isinstance(values, np.ndarray):
        return False
    return isinstance(next((value for value in values if value is not None), None), bytes)


def _pixels_of(value: Any) -> int:
    """Pixels that are decoded of an image."""
    image_header = header(value) if isinstance(value, bytes) else None
    return min(image_header.width * image_header.height, USUAL.pixels) if image_header else 1


def _cost_of(value: Any) -> int:
    """The time that measuring takes, in elements of an array (some six nanoseconds)."""
    if isinstance(value, str):
        return 20 * min(len(value), MAX_CHARACTERS)
    if isinstance(value, list):
        return 50 * min(len(value), MAX_MEMBERS)
    return 200 if isinstance(value, bytes) else size_of(value)
