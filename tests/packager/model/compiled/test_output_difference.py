from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.model.compiled.output_difference import compiled_difference, row_differences
from packager.model.predictions import Predictions

ANSWERS = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).filter(lambda answer: "inf" not in repr(answer))


@given(ANSWERS)
def test_an_answer_is_equal_to_itself(answer: Any) -> None:
    assert compiled_difference(answer, answer) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1.5, 1.0, 0.5),
        (150.0, 100.0, 0.5),
        ({"a": 1.0, "b": [2.0, 3.0]}, {"a": 1.0, "b": [2.0, 3.5]}, 0.5 / 3.5),
        ({}, {}, 0.0),
        ([], [], 0.0),
    ],
)
def test_numbers_differ_relatively_beyond_one(one: Any, other: Any, expected: float) -> None:
    assert compiled_difference(one, other) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (True, 1),
        ("1", 1),
        ("a", "b"),
        (None, None),
        (math.nan, 1.0),
        (math.nan, math.nan),
        ([1.0], [1.0, 2.0]),
        ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}),
        ({"a": 1.0}, {"b": 1.0}),
    ],
)
def test_anything_else_that_differs_is_infinitely_far(one: Any, other: Any) -> None:
    assert compiled_difference(one, other) == math.inf


def test_probabilities_and_what_else_an_answer_has_are_compared_by_row() -> None:
    def answers(chance: float, note: str) -> Predictions:
        chances = np.array([[0.25, 0.75], [chance, 1 - chance]])
        return Predictions(["a", "b"], chances, more=[{"note": "x"}, {"note": note}])

    assert row_differences(answers(0.5, "x"), answers(0.5, "x")) == [0.0, 0.0]
    assert row_differences(answers(0.5, "x"), answers(0.25, "x")) == [0.0, 0.25]
    assert row_differences(answers(0.5, "x"), answers(0.5, "y")) == [0.0, math.inf]
