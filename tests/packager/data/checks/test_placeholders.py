"""Placeholder values that mean "unknown"."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dirty_tables import ROWS, clean, issues_of, rows_of

from packager.data.checks.placeholders import placeholder


def test_numbers_that_stand_for_unknown_are_placeholders_only_apart_from_the_rest():
    frame = clean()
    frame["points"] = np.random.default_rng(2).integers(0, 100, ROWS)
    frame.loc[[1, 2], "points"] = [99, 98]
    assert issues_of(placeholder, frame) == []
    frame.loc[[1, 2], "points"] = -999
    frame.loc[3, "size"] = -1.0
    assert rows_of(issues_of(placeholder, frame)) == [1, 2, 3]


def test_the_first_of_january_1900_is_a_placeholder():
    frame = clean()
    frame["day"] = pd.date_range("2024-01-01", periods=ROWS, freq="D")
    frame.loc[[6, 60], "day"] = pd.Timestamp("1900-01-01")
    assert rows_of(issues_of(placeholder, frame)) == [6, 60]
