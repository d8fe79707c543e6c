"""The group of each row, by the columns of ``[test] groups``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.errors import UsageError


def group_codes(rows: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """The group of each row by the equal values of ``columns``, shape (n,); None for no column."""
    if not columns:
        return None
    for name in columns:
        if name not in rows.columns:
            raise UsageError(
                f"[test] groups: expected the column {name!r} in the data, which lack it",
                "without it, rows that belong together would count as independent",
            )
    codes = rows.groupby(list(columns), dropna=False, sort=False).ngroup()
    return np.asarray(codes, np.int64)
