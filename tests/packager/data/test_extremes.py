"""The numbers by which cells are compared with a range."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd

from packager.data.array_column import ArrayColumn
from packager.data.extremes import extremes


def test_each_kind_has_its_numbers() -> None:
    dates = pd.Series([dt.date(1970, 1, 2)], dtype=object)
    assert extremes(dates)[0].tolist() == [86_400e9]
    assert extremes(pd.Series([Decimal("1.5")], dtype=object))[1].tolist() == [1.5]
    assert extremes(pd.Series([dt.time(0, 1)], dtype=object))[1].tolist() == [60.0]
    assert extremes(pd.Series([1, 2]))[0].tolist() == [1.0, 2.0]
    given = pd.Series(
        [np.array([[1, 5]]), np.array([[7, 2]])], dtype=object
    )  # as a model gets them
    assert [one.tolist() for one in extremes(given)] == [[1, 2], [5, 7]]
    low, high = extremes(pd.Series(ArrayColumn(np.array([[1.0, np.nan, 3.0]]))))
    assert (low.tolist(), high.tolist()) == ([1.0], [3.0])
