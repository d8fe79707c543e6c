"""The possible heads for an estimator, fastest first."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn import ensemble, linear_model, neighbors, svm
from sklearn.base import BaseEstimator

from modelhost.compiling.estimators import check_supported
from modelhost.compiling.estimators import heads as heads_of
from modelhost.compiling.provenance import CannotCompileError, MatrixBlock, NumericFeature
from modelhost.compiling.walk import PipelineWalk

LOG_LOSS = "log" if sklearn.__version__.startswith("1.0.") else "log_loss"
DRAW = np.random.default_rng(0)
DATA = DRAW.normal(size=(60, 2))
CELLS = (NumericFeature(0), NumericFeature(1))
TARGETS = {
    "number": DATA[:, 0] * 2 + 1,
    "positive": np.exp(DATA[:, 0]),
    "two": (DATA[:, 0] > 0).astype(int),
    "three": np.digitize(DATA[:, 0], [-0.5, 0.5]),
}


def heads(estimator: BaseEstimator, target: str) -> list[dict]:
    fitted = estimator.fit(DATA, TARGETS[target])
    task = "regression" if target in ("number", "positive") else "classification"
    found = [head.described for head in heads_of(fitted, ("model",), task)]
    return [one["head"] if "head" in one else {"kind": next(iter(one))} for one in found]


@pytest.mark.parametrize(
    ("estimator", "target", "link"),
    [
        (linear_model.LinearRegression(), "number", "none"),
        (linear_model.PoissonRegressor(), "positive", "exp"),
        (linear_model.TweedieRegressor(power=0), "number", "none"),
        (linear_model.TweedieRegressor(power=1.5), "positive", "exp"),
        (linear_model.LogisticRegression(), "two", "logistic"),
        (linear_model.LogisticRegression(), "three", "softmax"),
        (linear_model.SGDClassifier(loss=LOG_LOSS), "three", "ovr"),
        (linear_model.SGDClassifier(loss="hinge"), "two", "labels"),
        (svm.LinearSVC(), "three", "labels"),
        (linear_model.RidgeClassifier(), "two", "labels"),
    ],
)
def test_a_linear_model_is_one_with_its_link_and_may_be_called_as_it_is(estimator, target, link):
    first, *others = heads(estimator, target)
    assert (first["kind"], first["link"]) == ("linear", link)
    assert np.array(first["coefficients"]) == pytest.approx(np.atleast_2d(estimator.coef_))
    assert [one["kind"] for one in others] == ["native"]


def test_modified_huber_has_probabilities_of_its_own_and_is_called_as_it_is():
    found = heads(linear_model.SGDClassifier(loss="modified_huber"), "two")
    assert [one["kind"] for one in found] == ["native"]


def test_trees_come_before_the_estimator_itself():
    found = heads(ensemble.RandomForestClassifier(2), "two")
    assert [one["kind"] for one in found] == ["trees", "native"]


def test_any_other_estimator_is_called_as_it_is():
    (head,) = heads(neighbors.KNeighborsClassifier(), "two")
    assert head == {"kind": "native", "path": ["model"], "probabilities": True}


def test_weights_that_are_not_finite_are_no_linear_head():
    model = linear_model.LinearRegression().fit(DATA, TARGETS["number"])
    model.coef_ = np.array([np.nan, 1.0])
    found = [head.described["head"]["kind"] for head in heads_of(model, (), "regression")]
    assert found == ["native"]


def test_float32_weights_are_refused():
    model = linear_model.LinearRegression().fit(DATA, TARGETS["number"])
    model.coef_ = model.coef_.astype("float32")
    with pytest.raises(CannotCompileError, match="LinearRegression has float32 coefficients"):
        list(heads_of(model, (), "regression"))


def test_an_estimator_of_another_library_is_refused():
    class Own(BaseEstimator):
        pass

    with pytest.raises(CannotCompileError, match=r"no compiled form is known for .*Own"):
        check_supported(Own(), MatrixBlock(CELLS, DATA), PipelineWalk())
