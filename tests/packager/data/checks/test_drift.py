"""What moved since the previous version is found, and chance and shared rows are taken for that."""

from __future__ import annotations

import pandas as pd
from dirty_tables import issues_of, stones

from packager.data.checks.drift import drift, slice_drift
from packager.data.checks.expectations import Expectations
from packager.data.drift import shared_rows
from packager.data.fingerprint import row_hashes


def test_a_column_that_moved_is_named_and_others_are_not():
    expected = Expectations().compared_with(stones(800, 0))
    assert issues_of(drift, stones(800, 1), expected=expected) == []
    found = issues_of(
        drift, stones(800, 1).assign(size=lambda rows: rows["size"] * 1.2), expected=expected
    )
    assert [(one.column, one.score, one.blocking) for one in found] == [("size", 0.6, False)]
    assert found[0].observed.startswith("PSI ")
    label = stones(800, 1)
    label.loc[label.index % 8 > 0, "label"] = "big"
    assert [one.column for one in issues_of(drift, label, expected=expected)] == ["label"]


def test_a_slice_with_another_share_is_named():
    frame = stones(800, 0)
    expected = Expectations().compared_with(
        frame, ["colour"], {"large": "size > 5.6", "old": "age > 3"}
    )
    assert expected.slices.rules == {"large": "size > 5.6"}
    assert issues_of(slice_drift, stones(800, 1), expected=expected) == []
    fewer = stones(800, 1).query("colour != 'white' or number % 3 == 0")
    found = issues_of(slice_drift, fewer.reset_index(drop=True), expected=expected)
    assert "slice colour=white: " in found[0].observed
    assert "of the rows, as in the previous version" in found[0].expected
    assert issues_of(slice_drift, fewer.drop(columns="colour"), expected=expected) == []


def test_appended_rows_are_not_hidden_by_those_that_were_there():
    before, new = stones(500, 0), stones(120, 1, 500)
    expected = Expectations().compared_with(before)
    same = pd.concat([before, new], ignore_index=True)
    assert issues_of(drift, same, expected=expected) == []
    moved = pd.concat([before, new.assign(size=new["size"] * 1.2)], ignore_index=True)
    assert [one.column for one in issues_of(drift, moved, expected=expected)] == ["size"]
    assert shared_rows(row_hashes(before), row_hashes(moved)) == 500
    assert shared_rows(row_hashes(before), row_hashes(before)[[0, 0, 1]]) == 2
