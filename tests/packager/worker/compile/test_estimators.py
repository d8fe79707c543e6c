"""The possible heads for an estimator, fastest first."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import ensemble, linear_model, neighbors, svm
from sklearn.base import BaseEstimator

from packager.model.compiled.form import Linear, Native, Trees
from packager.worker.compile.estimators import candidates
from packager.worker.compile.provenance import CannotCompileError, MatrixBlock, NumericFeature
from packager.worker.compile.trees import Refused
from packager.worker.compile.walk import PipelineWalk

DRAW = np.random.default_rng(0)
DATA = DRAW.normal(size=(60, 2))
CELLS = (NumericFeature(0), NumericFeature(1))
TARGETS = {
    "number": DATA[:, 0] * 2 + 1,
    "positive": np.exp(DATA[:, 0]),
    "two": (DATA[:, 0] > 0).astype(int),
    "three": np.digitize(DATA[:, 0], [-0.5, 0.5]),
}


def heads(estimator: BaseEstimator, target: str) -> list[object]:
    fitted = estimator.fit(DATA, TARGETS[target])
    task = "regression" if target in ("number", "positive") else "classification"
    found = candidates(fitted, MatrixBlock(CELLS, DATA), ("model",), task, PipelineWalk())
    return [one if isinstance(one, Refused) else one.head for one in found]


@pytest.mark.parametrize(
    ("estimator", "target", "link"),
    [
        (linear_model.LinearRegression(), "number", "none"),
        (linear_model.PoissonRegressor(), "positive", "exp"),
        (linear_model.TweedieRegressor(power=0), "number", "none"),
        (linear_model.TweedieRegressor(power=1.5), "positive", "exp"),
        (linear_model.LogisticRegression(), "two", "logistic"),
        (linear_model.LogisticRegression(), "three", "softmax"),
        (linear_model.SGDClassifier(loss="log_loss"), "three", "ovr"),
        (linear_model.SGDClassifier(loss="hinge"), "two", "labels"),
        (svm.LinearSVC(), "three", "labels"),
        (linear_model.RidgeClassifier(), "two", "labels"),
    ],
)
def test_a_linear_model_is_one_with_its_link_and_may_be_called_as_it_is(estimator, target, link):
    first, *others = heads(estimator, target)
    assert isinstance(first, Linear)
    assert first.link == link
    assert np.array(first.coefficients) == pytest.approx(np.atleast_2d(estimator.coef_))
    assert [type(one) for one in others] == [Native]


def test_modified_huber_has_probabilities_of_its_own_and_is_called_as_it_is():
    found = heads(linear_model.SGDClassifier(loss="modified_huber"), "two")
    assert [type(one) for one in found] == [Native]


def test_trees_come_before_the_estimator_itself():
    found = heads(ensemble.RandomForestClassifier(2), "two")
    assert [type(one) for one in found] == [Trees, Native]


def test_any_other_estimator_is_called_as_it_is():
    (head,) = heads(neighbors.KNeighborsClassifier(), "two")
    assert head == Native(path=("model",), probabilities=True)


def test_weights_that_are_not_finite_are_no_linear_head():
    model = linear_model.LinearRegression().fit(DATA, TARGETS["number"])
    model.coef_ = np.array([np.nan, 1.0])
    found = list(candidates(model, MatrixBlock(CELLS, DATA), (), "regression", PipelineWalk()))
    assert [type(one.head) for one in found] == [Native]


def test_float32_weights_are_refused():
    model = linear_model.LinearRegression().fit(DATA, TARGETS["number"])
    model.coef_ = model.coef_.astype("float32")
    with pytest.raises(CannotCompileError, match="LinearRegression has float32 coefficients"):
        list(candidates(model, MatrixBlock(CELLS, DATA), (), "regression", PipelineWalk()))


def test_an_estimator_of_another_library_is_refused():
    class Own(BaseEstimator):
        pass

    with pytest.raises(CannotCompileError, match=r"no compiled form is known for .*Own"):
        list(candidates(Own(), MatrixBlock(CELLS, DATA), (), "regression", PipelineWalk()))
