"""Duplicate rows, and equal features with different labels."""

from __future__ import annotations

import pandas as pd
from dirty_tables import ROWS, clean, issues_of, rows_of

from packager.data.checks.duplicates import conflicting_label, duplicate


def test_every_further_copy_of_a_row_is_a_duplicate():
    frame = pd.concat([clean(), clean().iloc[[5, 5, 9]]], ignore_index=True)
    found = issues_of(duplicate, frame)
    assert rows_of(found) == [ROWS, ROWS + 1, ROWS + 2]
    assert found[0].observed == ["a copy of row 5", "a copy of row 5", "a copy of row 9"]


def test_duplicates_are_a_hint_only_where_rows_are_coarse():
    frame = pd.DataFrame({"a": [1, 2] * 50, "label": ["x", "y"] * 50})
    assert issues_of(duplicate, frame)[0].score == 0.3


def test_equal_features_with_unequal_labels_conflict():
    twin = (
        clean()
        .iloc[[5]]
        .assign(label=lambda row: "big" if row["label"].iloc[0] == "small" else "small")
    )
    assert rows_of(issues_of(conflicting_label, pd.concat([clean(), twin], ignore_index=True))) == [
        5,
        ROWS,
    ]
