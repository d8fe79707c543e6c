"""Columns of another name or kind than declared, or than in the previous version."""

from __future__ import annotations

from dirty_tables import clean, issues_of

from packager.data.checks.expectations import Expectations
from packager.data.checks.run import check
from packager.data.checks.schema import schema
from packager.data.checks.table import table_of
from packager.data.frames import infer_columns


def test_a_column_of_another_kind_than_before_stops_a_build():
    before = infer_columns(clean())
    frame = clean().assign(size=lambda rows: rows["size"].astype(str), extra=1)
    found = issues_of(schema, frame.drop(columns="weight"), expected=Expectations(previous=before))
    assert {(one.column, one.observed, one.blocking) for one in found} == {
        ("size", "a column of kind string", True),
        ("weight", "no such column", True),
        ("extra", "a new column", True),
    }


def test_columns_that_the_user_accepted_stop_no_build():
    frame = clean().drop(columns="weight").assign(extra=1)
    expected = Expectations().compared_with(clean(), accepted=True)
    found = {
        (one.column, one.score, one.blocking) for one in issues_of(schema, frame, expected=expected)
    }
    assert found == {("weight", 0.7, False), ("extra", 0.7, False)}
    assert check(table_of(frame, "label", expected=expected), models=False).blocking == ()


def test_nulls_among_whole_numbers_are_no_other_kind():
    frame = clean().assign(count=range(len(clean())))
    expected = Expectations().compared_with(frame)
    holed = frame.assign(count=frame["count"].where(frame["count"] != 7))
    assert issues_of(schema, holed, expected=expected) == []
    assert len(issues_of(schema, frame.assign(count=frame["count"] + 0.5), expected=expected)) == 1
