"""A model's answers, accepted in any form and stored as plain values."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.errors import PackageError
from modelhost.predictions import Predictions, checked_labels, checked_probabilities, scalars


def test_scalars_take_what_a_series_with_nulls_holds() -> None:
    assert scalars(pd.Series([1, None], dtype="Int64")) == [1, None]
    assert scalars(pd.Series(["x", None])) == ["x", None]


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
def test_labels_are_values_that_json_has(values):
    found = scalars(values)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for label, value in zip(found, values):
        lost = isinstance(value, float) and not math.isfinite(value)
        assert label == (None if lost else value)


@given(st.lists(st.integers(0, 4)))
def test_chosen_rows_keep_their_probabilities(rows):
    every = Predictions(list("abcde"), np.arange(10.0).reshape(5, 2))
    chosen = every.at(rows)
    assert chosen.labels == ["abcde"[row] for row in rows]
    assert chosen.probabilities.tolist() == [[2.0 * row, 2.0 * row + 1] for row in rows]
    assert Predictions(["a"], None).at([0, 0]).probabilities is None


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


def test_chosen_rows_keep_which_member_did_not_answer() -> None:
    found = Predictions([1.0, 2.0, 3.0], None, absent={"text": [0, 2], "price": [1]})
    assert found.at([2, 0]).absent == {"text": [0, 1]}
    assert found.at([1]).absent == {"price": [0]}
    assert Predictions([1.0], None).at([0]).absent is None


@pytest.mark.parametrize("rows", [range(3), range(1, 2), range(2, 2), range(0, 3, 2)])
def test_a_range_of_rows_is_chosen_as_a_list_of_them(rows: range) -> None:
    whole = Predictions(["a", "b", "c"], np.arange(6.0).reshape(3, 2), None, {"price": [1]})
    found, expected = whole.at(rows), whole.at([*rows])
    assert (found.labels, found.absent) == (expected.labels, expected.absent)
    assert found.probabilities.tolist() == expected.probabilities.tolist()  # type: ignore[union-attr]
    more = Predictions([1, 2, 3], None, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert more.at(rows).more == more.at([*rows]).more
