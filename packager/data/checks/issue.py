"""The result of a detector: some rows (or a column) that look wrong for one reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelhost.text import truncate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


class NotApplicableError(Exception):
    """A detector can't judge this table; the text is the reason."""

    @classmethod
    def too_few(cls, rows: int, needed: int) -> NotApplicableError:
        """The table has fewer rows than a detector needs."""
        return cls(f"{rows} rows are too few: {needed} are needed")


@dataclass(frozen=True)
class DataIssue:
    """Rows, or with ``rows=None`` a column or the table, that are wrong for one reason."""

    column: str | None
    expected: str
    suggestion: str
    score: float | Floats
    """One for all, or one for each of ``rows``."""
    rows: Ints | None = None
    """Positions in the table."""
    observed: str | Sequence[str] | None = None
    """One text for all, one for each of ``rows``, or None for the cell itself."""
    blocking: bool = False

    @property
    def count(self) -> int:
        """Number of findings."""
        return 1 if self.rows is None else len(self.rows)


def rows_where(mask: Any) -> Ints:
    """Positions of the true values of ``mask``: shape (rows,)."""
    return np.flatnonzero(np.asarray(mask, dtype=np.bool_))


def listed(values: Sequence[Any], most: int = 5) -> str:
    """The first ``most`` of ``values``, as text for messages."""
    texts = [truncate(str(value)) for value in values[:most]]
    return ", ".join(texts) + (", …" if len(values) > most else "")
