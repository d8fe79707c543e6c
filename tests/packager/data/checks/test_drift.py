"""What moved since the previous version is found, and chance and shared rows are taken for that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dirty_tables import issues_of, stones

from packager.data.array_column import ArrayColumn
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


def texts_and_arrays(rows, seed, language="abcdefgh", light=1):
    draw = np.random.default_rng(seed)
    words = ["".join(draw.choice(list(language), 3)) for _ in range(rows * 8)]
    block = draw.normal(5, 1, (rows, 4, 4)) * light
    return pd.DataFrame(
        {
            "note": [" ".join(words[8 * n : 8 * n + 8]) for n in range(rows)],
            "pixels": pd.Series(ArrayColumn(block)),
            "file": [bytes([n % 7]) * (50 + n % 9) for n in range(rows)],
        }
    )


@pytest.mark.slow
def test_derived_numbers_of_text_arrays_and_bytes_are_compared():
    expected = Expectations().compared_with(texts_and_arrays(800, 0))
    assert issues_of(drift, texts_and_arrays(800, 1), expected=expected) == []
    found = issues_of(drift, texts_and_arrays(800, 1, "абцдефгх", 0.5), expected=expected)
    named = {(one.column, one.observed.partition(":")[0]) for one in found}
    assert {("note", "unseen"), ("note", "script"), ("pixels", "mean")} <= named
    assert {one.column for one in found} == {"note", "pixels"}


def test_rows_in_both_versions_are_no_drift_of_unseen_words():
    before = texts_and_arrays(600, 0)
    after = pd.concat([before, texts_and_arrays(60, 1)], ignore_index=True)
    assert issues_of(drift, after, expected=Expectations().compared_with(before)) == []
