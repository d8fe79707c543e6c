"""What moved since the version before is found, and chance and shared rows are taken for that."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dirty_tables import clean, said

from packager.data.checks.categories import unseen_category
from packager.data.checks.drift import drift, slice_drift
from packager.data.checks.expectations import Expectations
from packager.data.checks.run import check
from packager.data.checks.schema import schema
from packager.data.checks.table import table_of
from packager.data.drift import drift_of, shared_rows
from packager.data.fingerprint import row_hashes


def stones(rows, seed, first=None):
    draw = np.random.default_rng(seed)
    places = np.arange(rows) + (seed * rows if first is None else first)
    return pd.DataFrame(
        {
            "size": draw.normal(5, 0.6, rows),
            "colour": draw.choice(["white", "yellow", "brown"], rows),
            "name": [f"stone {i}" for i in places],
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(places, "D"),
            "number": places,
            "label": draw.choice(["big", "small"], rows),
        }
    )


def test_a_column_that_moved_is_named_and_others_are_not():
    expected = Expectations().compared_with(stones(800, 0))
    assert said(drift, stones(800, 1), expected=expected) == []
    found = said(
        drift, stones(800, 1).assign(size=lambda rows: rows["size"] * 1.2), expected=expected
    )
    assert [(one.column, one.score, one.blocking) for one in found] == [("size", 0.6, False)]
    assert found[0].observed.startswith("PSI ")
    label = stones(800, 1)
    label.loc[label.index % 8 > 0, "label"] = "big"
    assert [one.column for one in said(drift, label, expected=expected)] == ["label"]


def test_a_slice_with_another_share_is_named():
    frame = stones(800, 0)
    expected = Expectations().compared_with(
        frame, ["colour"], {"large": "size > 5.6", "old": "age > 3"}
    )
    assert expected.slices.rules == {"large": "size > 5.6"}
    assert said(slice_drift, stones(800, 1), expected=expected) == []
    fewer = stones(800, 1).query("colour != 'white' or number % 3 == 0")
    found = said(slice_drift, fewer.reset_index(drop=True), expected=expected)
    assert "slice colour=white: " in found[0].observed
    assert "of the rows, as in the version before" in found[0].expected
    assert said(slice_drift, fewer.drop(columns="colour"), expected=expected) == []


def test_appended_rows_are_not_hidden_by_those_that_were_there():
    before, new = stones(500, 0), stones(120, 1, 500)
    expected = Expectations().compared_with(before)
    same = pd.concat([before, new], ignore_index=True)
    assert said(drift, same, expected=expected) == []
    moved = pd.concat([before, new.assign(size=new["size"] * 1.2)], ignore_index=True)
    assert [one.column for one in said(drift, moved, expected=expected)] == ["size"]
    assert shared_rows(row_hashes(before), row_hashes(moved)) == 500
    assert shared_rows(row_hashes(before), row_hashes(before)[[0, 0, 1]]) == 2


def test_z_of_appended_rows_is_standard_normal_where_nothing_moved():
    draw, found = np.random.default_rng(0), []
    for _ in range(400):
        before = draw.multinomial(2000, [0.1] * 10)
        found.append(drift_of("x", before + draw.multinomial(300, [0.1] * 10), before, 2000).z)
    assert abs(np.mean(found)) < 0.3
    assert 0.8 < np.std(found) < 1.2
    assert drift_of("x", before, before, 2000).z == 0.0


def test_another_word_is_news_only_where_words_repeat():
    expected = Expectations().compared_with(stones(500, 0))
    new = stones(500, 1)
    new.loc[3, "colour"] = "green"
    found = said(unseen_category, new, expected=expected)
    assert [(one.column, one.count) for one in found] == [("colour", 1)]


def test_columns_that_somebody_accepted_stop_no_build():
    frame = clean().drop(columns="weight").assign(extra=1)
    expected = Expectations().compared_with(clean(), accepted=True)
    found = {
        (one.column, one.score, one.blocking) for one in said(schema, frame, expected=expected)
    }
    assert found == {("weight", 0.7, False), ("extra", 0.7, False)}
    assert check(table_of(frame, "label", expected=expected), models=False).blocking == ()


def test_nulls_among_whole_numbers_are_no_other_kind():
    frame = clean().assign(count=range(len(clean())))
    expected = Expectations().compared_with(frame)
    holed = frame.assign(count=frame["count"].where(frame["count"] != 7))
    assert said(schema, holed, expected=expected) == []
    assert len(said(schema, frame.assign(count=frame["count"] + 0.5), expected=expected)) == 1
