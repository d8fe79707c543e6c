"""Rows on which annotators disagree."""

from __future__ import annotations

import numpy as np
from dirty_tables import clean

from packager.data.checks.disputed_labels import DisputedRow, StoredLabels
from packager.data.checks.disputes import disputed_label
from packager.data.checks.expectations import Expectations
from packager.data.checks.missing import missing
from packager.data.checks.run import check
from packager.data.checks.schema import schema
from packager.data.checks.table import table_of


def checked(frame, target="label", **more):
    return table_of(frame, target, expected=Expectations(**more))


def dispute(row, scheme="quality", score=0.7):
    return DisputedRow(row=row, scheme=scheme, score=score, votes="'bad' (bob), 'good' (ann)")


def test_disputed_rows_are_found_with_their_votes():
    labels = StoredLabels(target="label", disputed=(dispute(3), dispute(7, score=0.85)))
    report = check(checked(clean(), labels=labels), models=False)
    assert report.counts["disputed_label"] == 2
    found = [one for one in report.findings if one.detector == "disputed_label"]
    assert [(one.row, one.score, one.column) for one in found] == [
        (7, 0.85, "label"),
        (3, 0.7, "label"),
    ]
    assert found[0].observed == "'bad' (bob), 'good' (ann)"
    assert not found[0].blocking
    assert "disputed_label" in report.model_free


def test_each_scheme_is_an_issue_and_without_labels_there_is_none():
    labels = StoredLabels(disputed=(dispute(1), dispute(1, "size")))
    found = list(disputed_label(checked(clean(), labels=labels)))
    assert [one.column for one in found] == [None, None]
    assert ["quality" in found[0].expected, "size" in found[1].expected] == [True, True]
    assert list(disputed_label(checked(clean()))) == []


def test_rows_that_nobody_labelled_are_neither_missing_nor_a_new_column():
    before = Expectations().compared_with(clean().drop(columns="label"))
    frame = clean()
    frame.loc[:50, "label"] = np.nan
    labels = StoredLabels(target="label")
    told = table_of(frame, "label", expected=before.model_copy(update={"labels": labels}))
    assert [one for one in missing(told) if one.column == "label"] == []
    assert list(schema(told)) == []
    plain = table_of(frame, "label", expected=before)
    assert [one.column for one in missing(plain)] == ["label"]
    assert [one.column for one in schema(plain)] == ["label"]
