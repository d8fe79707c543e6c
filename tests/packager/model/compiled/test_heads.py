"""Heads turn an encoded matrix into answers, and exclude rows with uncertain answers."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelhost.fitted_parts import FittedParts, resolve, without_feature_names
from modelhost.model import LoadedModel
from packager.model.compiled.form import Linear, Native
from packager.model.compiled.heads import (
    HeadSpec,
    LinearModel,
    NativeEstimator,
    logistic,
    logistic_of_one,
    rounding,
)


def meaning(classes=("no", "yes"), tolerance=1e-9, *, probabilities=True) -> HeadSpec:
    task = "regression" if classes is None else "classification"
    return HeadSpec(task, classes, probabilities, tolerance)


def linear(link: str, *coefficients: tuple[float, ...]) -> Linear:
    return Linear(coefficients=coefficients, intercept=(0.0,) * len(coefficients), link=link)


@given(st.lists(st.floats(-1e308, 1e308), min_size=1))
def test_the_logistic_never_overflows_and_is_the_same_for_one_and_many(scores):
    found = logistic(np.array(scores)).tolist()
    assert found == pytest.approx([logistic_of_one(score) for score in scores], rel=1e-14)
    assert all(0 <= value <= 1 for value in found)
    assert logistic(-np.array(scores)) + found == pytest.approx(np.ones(len(scores)))


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), st.randoms())
def test_rounding_bounds_what_another_order_of_additions_changes(terms, random):
    one = sum(terms)
    random.shuffle(terms)
    assert abs(one - sum(terms)) <= rounding(len(terms)) * sum(map(abs, terms))


def test_a_label_is_decided_by_the_sign_and_not_at_all_near_zero():
    head = LinearModel(linear("logistic", (1.0,)), meaning())
    answers = head(np.array([[2.0], [-2.0], [1e-12]]))
    assert answers.labels[:2] == ["yes", "no"]
    assert answers.good.tolist() == [True, True, False]
    assert answers.probabilities.sum(axis=1) == pytest.approx([1, 1, 1])


def test_of_several_classes_a_tie_is_not_good():
    head = LinearModel(linear("softmax", (1.0,), (1.0,), (0.5,)), meaning(("a", "b", "c")))
    assert head(np.array([[1.0]])).good.tolist() == [False]
    head = LinearModel(linear("softmax", (1.0,), (0.9,), (0.5,)), meaning(("a", "b", "c")))
    answers = head(np.array([[1.0], [-1.0]]))
    assert (answers.labels, answers.good.tolist()) == (["a", "c"], [True, True])


def test_one_against_the_rest_is_not_good_where_it_divides_by_next_to_nothing():
    head = LinearModel(linear("ovr", (1.0,), (0.5,), (0.1,)), meaning(("a", "b", "c")))
    assert head(np.array([[1.0], [-900.0]])).good.tolist() == [True, False]


def test_numbers_are_good_while_their_rounding_is_within_the_tolerance():
    head = LinearModel(linear("none", (1.0, -1.0)), meaning(None, probabilities=False))
    answers = head(np.array([[3.0, 1.0], [1e12, 1e12], [np.inf, 0.0]]))
    assert answers.labels[0] == 2.0
    assert answers.good.tolist() == [True, False, False]
    with np.errstate(over="ignore"):
        raised = LinearModel(linear("exp", (1.0,)), meaning(None, probabilities=False))
        assert raised(np.array([[1.0], [1e3]])).good.tolist() == [True, False]


def test_scores_that_only_decide_have_no_probabilities():
    head = LinearModel(linear("labels", (1.0,)), meaning(probabilities=False))
    assert head(np.array([[1.0]])).probabilities is None


def test_a_part_of_a_model_is_found_by_names_and_places():
    class Part:
        steps = [("first", 7)]

    assert resolve(Part(), ("steps", 0, 1)) == 7
    assert resolve(7, ()) == 7


Pair = namedtuple("Pair", "one two")


def test_a_copy_without_names_answers_alike_and_leaves_the_model_as_it_was():
    import pandas as pd

    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, [0, 0, 1, 1])
    copy = without_feature_names(model)
    assert not hasattr(copy.steps[0][1], "feature_names_in_")
    assert list(model.feature_names_in_) == ["a", "b"]
    assert copy.predict_proba(frame.to_numpy()) == pytest.approx(model.predict_proba(frame))
    loaded = LoadedModel(model, "classification", (0, 1), has_probabilities=True)
    head = NativeEstimator(Native(path=(), probabilities=True), False, FittedParts(loaded))
    assert head(frame.to_numpy()).labels == model.predict(frame).tolist()


def test_containers_of_estimators_keep_their_kind():
    scaler = StandardScaler()
    scaler.feature_names_in_ = ["a"]
    several = np.empty(1, object)
    several[0] = scaler
    found = without_feature_names([Pair(scaler, 7), several])
    assert isinstance(found[0], Pair)
    assert found[0].two == 7
    for one in (found[0].one, found[1][0]):
        assert one is not scaler
        assert not hasattr(one, "feature_names_in_")
