"""Nulls in columns that usually have values, and rows that are mostly empty, are flagged."""

from __future__ import annotations

import numpy as np
from dirty_tables import clean, issues_of, rows_of

from packager.data.checks.expectations import DeclaredColumn, Expectations
from packager.data.checks.missing import missing


def test_nulls_are_flagged_where_a_value_is_the_rule():
    frame = clean()
    frame.loc[7, "size"] = np.nan
    assert rows_of(issues_of(missing, frame)) == [7]
    frame.loc[:99, "size"] = np.nan
    assert issues_of(missing, frame) == []
    expected = Expectations(declared={"size": DeclaredColumn(nullable=False)})
    assert len(rows_of(issues_of(missing, frame, expected=expected))) == 100


def test_a_row_that_is_mostly_empty_is_flagged_as_a_row():
    frame = clean()
    frame.loc[11, ["size", "weight", "colour"]] = None
    found = [one for one in issues_of(missing, frame) if one.column is None]
    assert rows_of(found) == [11]
    assert found[0].observed == ["3 of 4 cells empty"]
