"""Columns of a request as two arrays, made once for prediction, validation and counting.

Numbers are float64; text and booleans are codes, of which each column has its own range, so that
one look-up in one array translates the codes of all columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


class ColumnLayout:
    """The columns of numbers, and the codes of the others."""

    def __init__(self, numbers: Sequence[int], categories: Mapping[int, Sequence[Any]]) -> None:
        """``numbers``: indices of columns; ``categories``: column index → its known values."""
        self.numbers = {column: index for index, column in enumerate(numbers)}
        """Column → its row in ``ColumnArrays.numbers``."""
        self.categories = {column: index for index, column in enumerate(categories)}
        """Column → its row in ``ColumnArrays.codes``."""
        self.codes: dict[int, dict[Any, int]] = {}
        """Column → value → code; the value None is null."""
        self._values: list[tuple[int, Any]] = []
        for column, values in categories.items():
            self.codes[column] = {}
            for value in (*values, None):
                self.codes[column][value] = len(self._values)
                self._values.append((column, value))

    def translated(self, meaning: Callable[[int, Any], int]) -> Codes:
        """For each code the ``meaning`` of its column and value; None is null."""
        return np.array([meaning(column, value) for column, value in self._values], np.intp)


@dataclass(frozen=True, slots=True)
class ColumnArrays:
    """The values of n rows without unseen categories."""

    layout: ColumnLayout
    numbers: Floats
    """Shape (columns of numbers, n), NaN for null; booleans are 0 and 1."""
    codes: Codes
    """Shape (columns with categories, n)."""

    def rows_of(self, columns: Sequence[int]) -> Floats | None:
        """The numbers of these columns, shape (columns, n); None if one is not a number here."""
        indices = [self.layout.numbers.get(column, -1) for column in columns]
        if indices == [*range(len(self.numbers))]:
            return self.numbers
        return None if -1 in indices else np.asarray(self.numbers[indices], np.float64)

    def at(self, rows: npt.NDArray[np.intp] | slice) -> ColumnArrays:
        """The values of the rows at these positions."""
        return ColumnArrays(self.layout, self.numbers[:, rows], self.codes[:, rows])


def joined(parts: Sequence[ColumnArrays]) -> ColumnArrays:
    """The rows of all parts, which have the same layout."""
    if len(parts) == 1:
        return parts[0]
    return ColumnArrays(
        parts[0].layout,
        np.concatenate([part.numbers for part in parts], axis=1),
        np.concatenate([part.codes for part in parts], axis=1),
    )
