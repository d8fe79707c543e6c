"""One number or label per row, from what a library's object gives."""

from __future__ import annotations

import numpy as np
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import (
    Adapter,
    DeclaredAnswers,
    Inputs,
    LabelAdapter,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)


def test_one_column_is_the_probability_of_the_second_class() -> None:
    for found in (np.array([0.25, 0.5, 0.75]), np.array([[0.25], [0.5], [0.75]])):
        model = ProbabilityAdapter(None, lambda _, f=found: f, Inputs(), ["no", "yes"])
        assert model.predict(None) == ["no", "no", "yes"]
        assert model.predict_proba(None).tolist() == [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]


def test_scores_of_another_number_of_classes_are_refused() -> None:
    model = ProbabilityAdapter(None, lambda _: np.ones((2, 3)), Inputs(), ["a", "b"])
    with pytest.raises(PackageError, match=r"scores of shape \(2, 3\), expected one for each of 2"):
        model.predict(None)


def test_places_become_labels() -> None:
    assert LabelAdapter(None, lambda _: [1, 0], Inputs(), ["a", "b"]).predict(None) == ["b", "a"]
    assert LabelAdapter(None, lambda _: ["x"], Inputs(), None).predict(None) == ["x"]


def test_columns_are_named_or_counted() -> None:
    named = Adapter(None, list, Inputs(["a", "b"]))
    assert (named.feature_names_in_, named.n_features_in_) == (["a", "b"], 2)
    counted = Adapter(None, list, Inputs(width=3))
    assert (counted.feature_names_in_, counted.n_features_in_) == (None, 3)


def test_declared_classes_come_before_known_and_made_up_ones() -> None:
    assert classes_for(DeclaredAnswers("classification", ("a", "b")), 2, ["x", "y"]) == ["a", "b"]
    assert classes_for(DeclaredAnswers("classification"), 2, ["x", "y"]) == ["x", "y"]
    assert classes_for(DeclaredAnswers("classification"), 3) == [0, 1, 2]
    with pytest.raises(PackageError, match=r"\[serve\] classes: expected 3 classes, .* got 2"):
        classes_for(DeclaredAnswers("classification", ("a", "b")), 3)


def test_the_other_task_is_named() -> None:
    assert refuse_task("Prophet", "a number", "classification").hint.startswith(
        'set task = "regression"'
    )
