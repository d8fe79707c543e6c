"""The numbers by which cells are compared with a column's range."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.calendar_values import number_of
from monitoring.profile.profile import numeric
from packager.data.array_column import array_column
from packager.data.rows.calendar_values import CONVERTERS

Floats = npt.NDArray[np.float64]


def extremes(present: pd.Series[Any]) -> tuple[Floats, Floats]:
    """Each cell as a number, twice; of an array the smallest and the largest element: (n,) each.

    ``present``: numbers, times, dates, decimals or arrays, without nulls. NaN is ignored in arrays.
    """
    arrays = array_column(present)
    block = None if arrays is None else arrays.block
    if len(present) and isinstance(present.iloc[0], np.ndarray):  # as a model gets them
        block = np.stack(present.tolist())
    if block is not None:
        flat = block.reshape(len(block), -1).astype(np.float64)
        return np.fmin.reduce(flat, axis=1), np.fmax.reduce(flat, axis=1)
    if pd.api.types.infer_dtype(present) in CONVERTERS:
        numbers = np.fromiter(map(number_of, present), np.float64, len(present))
        return numbers, numbers
    numbers = numeric(present)
    return numbers, numbers
