"""The canonical values of a column's cells, computed block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class ColumnHashes:
    """The cells of one column: their logical types, and a function that writes their values.

    ``write(start, stop, out)`` puts the canonical values of these rows into ``out``, a buffer
    of ``stop - start`` values, and returns how many of them are null.
    """

    types: frozenset[str]
    """Logical types of the non-null cells."""
    write: Callable[[int, int, Bits], int]
