"""The one array that a model takes in place of frames: ``features = "array"``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelhost.errors import PackageError
from modelhost.frames import FrameBuilder

FRAME, ARRAY = "frame", "array"
"""The form of features for ``train`` and ``predict``: a ``pandas.DataFrame``, or one array."""


class ArrayBuilder:
    """Builds the array of given cells, as ``FrameBuilder`` builds frames."""

    def __init__(self, columns: Sequence[Any]) -> None:
        """``columns``: exactly one, of arrays; raises ``PackageError`` for others."""
        if len(columns) != 1 or columns[0].kind != "array":
            got = ", ".join(f"{column.name!r} ({column.kind})" for column in columns[:5])
            raise PackageError(
                f'features = "array": expected one feature, a column of arrays, got {got}',
                'exclude the other columns, or set features = "frame"',
            )
        self._column = columns[0]

    def frame(self, columns: Sequence[Any], rows: int) -> Any:
        """The array, shape (rows, *shape), in C order, read-only.

        Raises ``PackageError`` for a null.
        """
        (cells,) = columns
        if not isinstance(cells, np.ndarray):
            gone = next((row for row, cell in enumerate(cells) if cell is None), None)
            if gone is not None:
                raise PackageError(
                    f'features = "array": expected an array in every row of '
                    f"{self._column.name!r}, got null in row {gone}",
                    "leave such rows out, or fill them in",
                )
        block = np.asarray(cells, self._column.element).reshape(rows, *self._column.shape)
        block = np.ascontiguousarray(block).view()
        block.flags.writeable = False
        return block


def input_builder(takes: str, columns: Sequence[Any]) -> ArrayBuilder | FrameBuilder:
    """The builder of what a model takes: ``frame`` or ``array``."""
    return ArrayBuilder(columns) if takes == ARRAY else FrameBuilder(columns)


def own_input(rows: Any) -> Any:
    """A shallow copy of a frame; an array, which is read-only, unchanged.

    A model that adds a column to its input must not change the caller's frame.
    """
    return rows if isinstance(rows, np.ndarray) else rows.copy(deep=False)
