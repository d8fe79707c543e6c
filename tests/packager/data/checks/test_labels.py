"""Confident learning compared with cleanlab, and residuals, on small tables."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from packager.data.checks.cross_validation import out_of_fold
from packager.data.checks.default_model import default_model
from packager.data.checks.labels import (
    confident,
    confident_joint,
    label_error,
    robust_residuals,
    round_preserving_sums,
)
from packager.data.checks.table import table_of


def f1(mask, wrong):
    return 2 * (mask & wrong).sum() / max(1, mask.sum() + wrong.sum())


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_label_errors_are_found_no_worse_than_by_cleanlab_on_the_same_folds(load):
    features, truth = load(return_X_y=True)
    draw = np.random.default_rng(0)
    wrong = np.zeros(len(truth), dtype=bool)
    wrong[draw.choice(len(truth), len(truth) // 10, replace=False)] = True
    count, labels = truth.max() + 1, truth.copy()
    labels[wrong] = (truth[wrong] + draw.integers(1, count, wrong.sum())) % count
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    folds = StratifiedKFold(3, shuffle=True, random_state=7)
    answers = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    theirs = find_label_issues(labels, answers, n_jobs=1)
    ours = confident(labels, answers)
    assert f1(ours, wrong) >= f1(theirs, wrong) > 0.5


def test_certain_and_right_predictions_flag_nothing():
    labels = np.arange(60) % 3
    assert not confident(labels, np.eye(3)[labels]).any()


@given(st.integers(2, 5), st.integers(10, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_joint_keeps_the_number_of_each_label(classes, rows, seed):
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, rows)
    answers = draw.dirichlet(np.ones(classes), rows)
    counts = np.bincount(labels, minlength=classes)
    joint = confident_joint(labels, answers)
    assert joint.sum(axis=1) == pytest.approx(counts)
    assert round_preserving_sums(joint).sum(axis=1).tolist() == counts.tolist()
    flagged = confident(labels, answers)
    assert not flagged[np.argmax(answers, axis=1) == labels].any()


def test_a_number_far_from_what_the_model_expects_is_a_label_error():
    frame = load_diabetes(as_frame=True).frame
    frame.loc[[10, 20], "target"] += [900.0, -900.0]
    table = table_of(frame, "target", task="regression")
    found = list(label_error(table, out_of_fold(table, default_model("regression"))))
    assert sorted(found[0].rows.tolist()) == [10, 20]
    assert "the model predicts" in found[0].observed[0]


def test_residuals_are_measured_among_like_predictions():
    draw = np.random.default_rng(0)
    predicted = np.linspace(1, 100, 2000)
    given_values = predicted + draw.normal(0, predicted / 10)
    given_values[5] += 5.0
    scaled = np.abs(robust_residuals(given_values, predicted))
    assert scaled.argmax() == 5
    assert (scaled > 6).sum() == 1
