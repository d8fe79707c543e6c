"""Linear models are found, also within other classifiers; others are not taken for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compile_samples import FEATURES, LINEAR, assert_equal, compiled, one_hot, table
from sklearn import ensemble, linear_model, multiclass, naive_bayes, svm
from sklearn.pipeline import make_pipeline

from modelhost.compiling.linear import linear_parts

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.integers(0, 4, (60, 5)).astype(float)
THREE, TWO = np.arange(60) % 3, np.arange(60) % 2
TREE = ensemble.RandomForestClassifier(2)


@pytest.mark.parametrize(
    ("estimator", "target", "link", "scores"),
    [
        (naive_bayes.MultinomialNB(), THREE, "softmax", 3),
        (naive_bayes.MultinomialNB(), TWO, "softmax", 2),
        (naive_bayes.ComplementNB(norm=True), THREE, "softmax", 3),
        (naive_bayes.BernoulliNB(), TWO, "softmax", 2),
        (multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), THREE, "ovr", 3),
        (multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), TWO, "logistic", 1),
        (multiclass.OneVsRestClassifier(svm.LinearSVC()), THREE, "labels", 3),
    ],
)
def test_weights_are_known(estimator: Any, target: Any, link: str, scores: int) -> None:
    found = linear_parts(estimator.fit(ROWS, target), "classification")
    assert found is not None
    assert (found.link, found.weights.shape, found.intercept.shape) == (
        link,
        (scores, 5),
        (scores,),
    )


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (multiclass.OneVsRestClassifier(TREE), THREE),
        (multiclass.OneVsRestClassifier(naive_bayes.MultinomialNB()), THREE),
        (multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), ROWS[:, :2] > 1),
        (linear_model.SGDClassifier(loss="modified_huber"), TWO),
        (naive_bayes.BernoulliNB(alpha=0.0), np.where(ROWS[:, 0] > 0, 1, 0)),
        (TREE, TWO),
    ],
)
def test_other_models_have_none(estimator: Any, target: Any) -> None:
    with np.errstate(all="ignore"):
        assert linear_parts(estimator.fit(ROWS, target), "classification") is None


@pytest.mark.parametrize(
    "estimator", [naive_bayes.BernoulliNB(), naive_bayes.BernoulliNB(binarize=0.4)]
)
def test_naive_bayes_on_numbers_and_categories_is_linear(estimator: Any, tmp_path: Any) -> None:
    frame = table()
    made = compiled(make_pipeline(one_hot(), estimator), frame[FEATURES], frame["three"], tmp_path)
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", LINEAR), made.verdict.reason
    assert assert_equal(made, made.rows()) > 100
