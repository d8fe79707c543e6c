"""Folds that follow the split, and models too weak to contradict a label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fold_tables import labelled_rows
from sklearn.datasets import load_iris

from packager.data.checks.cross_validation import plan_folds
from packager.data.checks.issue import NotApplicableError
from packager.data.checks.table import table_of
from packager.manifest.data_roles import Split


@pytest.mark.parametrize("written", [str, lambda day: day, lambda day: day.year * 400 + day.day])
def test_a_split_by_time_asks_only_about_later_rows(written):
    rows = labelled_rows().reset_index(drop=True)
    rows["day"] = rows["day"].map(written)
    table = table_of(rows, "y", task="classification", split=Split(time="day", start="2024-03-01"))
    folds = plan_folds(table)
    assert len(folds.splits) == 3
    for train, test in folds.splits:
        assert folds.columns["day"].iloc[train].max() < folds.columns["day"].iloc[test].min()
    asked = np.concatenate([test for _, test in folds.splits])
    assert len(set(asked.tolist())) == len(asked) > 120


def test_a_model_that_knows_only_the_future_is_queried_with_nothing_else():
    rows = labelled_rows().reset_index(drop=True)
    table = table_of(rows, "x", task="regression", split=Split(time="day", start="2024-03-01"))

    def forecast(features, target, asked):
        assert (asked["day"] > features["day"].max()).all()
        return None, np.zeros(len(asked))

    found = plan_folds(table).predict_all(forecast)
    assert len(found.rows) == len(found.predictions) < len(rows)


def test_rows_of_one_time_cannot_be_folded_in_time():
    rows = labelled_rows().assign(day=pd.Timestamp("2024-01-01"))
    table = table_of(rows, "y", task="classification", split=Split(time="day", start="2024-01-01"))
    with pytest.raises(NotApplicableError, match="too few different times"):
        plan_folds(table)


def test_groups_stay_together():
    table = table_of(labelled_rows(), "y", task="classification", split=Split(by=("g",)))
    folds = plan_folds(table)
    for train, test in folds.splits:
        assert not set(folds.columns["g"].iloc[train]) & set(folds.columns["g"].iloc[test])


def test_a_row_whose_class_the_fold_lacks_is_left_out():
    table = table_of(labelled_rows(), "y", task="classification")
    found = plan_folds(table).predict_all(lambda _f, _t, rows: (("a",), np.ones((len(rows), 1))))
    assert set(found.target_values.tolist()) == {0.0}


def test_too_few_rows_are_not_cross_validated():
    frame = load_iris(as_frame=True).frame.iloc[:40]
    table = table_of(frame, "target", task="classification")
    with pytest.raises(NotApplicableError, match="40 rows are too few: 60 are needed"):
        plan_folds(table)
