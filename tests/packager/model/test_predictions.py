"""A model's answers, accepted in any form and stored as plain values."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError
from packager.model.predictions import (
    Predictions,
    checked_labels,
    checked_probabilities,
    finite,
    scalars,
)


def test_answers_name_probabilities_by_the_text_of_their_class() -> None:
    predictions = Predictions([1, 0], np.array([[0.25, 0.75], [1.0, np.nan]]))
    assert predictions.answers((0, 1)) == [
        {"prediction": 1, "probabilities": {"0": 0.25, "1": 0.75}},
        {"prediction": 0, "probabilities": {"0": 1.0, "1": None}},
    ]
    assert Predictions(["a"], None).answers(None) == [{"prediction": "a"}]


def test_scalars_take_what_a_series_with_nulls_holds() -> None:
    assert scalars(pd.Series([1, None], dtype="Int64")) == [1, None]
    assert scalars(pd.Series(["x", None])) == ["x", None]


@given(
    st.sampled_from(
        [
            (False, True),
            (True, False),
            (0, 1),
            (-1, 10**12),
            (0.5, 1e300, 1e-7),
            ("true", "no", "1"),
        ]
    ),
    st.data(),
)
def test_a_probability_is_found_by_the_json_of_its_prediction(
    classes: tuple[Any, ...], data: st.DataObject
) -> None:
    label = data.draw(st.sampled_from(classes))
    (answer,) = Predictions([label], np.full((1, len(classes)), 0.5)).answers(classes)
    told = answer["prediction"]
    assert (told if isinstance(told, str) else json.dumps(told)) in answer["probabilities"]


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
def test_labels_are_values_that_json_has(values):
    found = scalars(values)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for label, value in zip(found, values, strict=True):
        lost = isinstance(value, float) and not math.isfinite(value)
        assert label == (None if lost else value)


@given(st.lists(st.integers(0, 4)))
def test_chosen_rows_keep_their_probabilities(rows):
    every = Predictions(list("abcde"), np.arange(10.0).reshape(5, 2))
    chosen = every.at(rows)
    assert chosen.labels == ["abcde"[row] for row in rows]
    assert chosen.probabilities.tolist() == [[2.0 * row, 2.0 * row + 1] for row in rows]
    assert Predictions(["a"], None).at([0, 0]).probabilities is None


def test_an_answer_with_a_null_in_it_is_not_finite():
    certain = {"prediction": 0, "probabilities": {"0": 1.0, "1": 0.0}}
    assert finite(certain)
    assert not finite({**certain, "prediction": None})
    assert not finite({**certain, "probabilities": {"0": None}})
    assert finite({"prediction": "a"})


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_labels_are_one_a_row(task):
    assert checked_labels([1, 2], 2, task) == [1, 2]
    with pytest.raises(PackageError, match="gave 2 values for 3 rows"):
        checked_labels([1, 2], 3, task)


def test_numbers_are_floats_and_text_is_refused_with_the_task_to_set():
    assert [type(label) for label in checked_labels([1, None], 2, "regression")] == [
        float,
        type(None),
    ]
    with pytest.raises(PackageError, match="gave 'x', expected a number") as caught:
        checked_labels([1, "x"], 2, "regression")
    assert 'task = "classification"' in caught.value.hint


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (2,), (2, 2, 1)])
def test_probabilities_are_rows_by_classes(shape):
    assert checked_probabilities([[1, 0], [0, 1]], 2, 2).dtype == np.float64
    with pytest.raises(PackageError, match=r"expected \(2, 2\) \(rows, classes\)"):
        checked_probabilities(np.zeros(shape), 2, 2)
