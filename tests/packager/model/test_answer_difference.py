"""How far two answers differ."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.model.answer_difference import agree, difference, size

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(-1e6, 1e6) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(JSON)
def test_an_answer_agrees_with_itself(value: object) -> None:
    assert difference(value, value) == 0
    assert agree(value, value)
    assert agree(value, value, 0.0)


@pytest.mark.slow
@given(JSON, JSON)
def test_the_order_of_two_answers_does_not_matter(one: object, other: object) -> None:
    assert difference(one, other) == difference(other, one)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (1.0, 1.5, 0.5),
        (1, 1.5, 0.5),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 4.0]}, 2.0),
        ("a", "b", math.inf),
        (None, 0.0, math.inf),
        (True, 1, math.inf),
        ([1.0], [1.0, 2.0], math.inf),
        ({"a": 1.0}, {"b": 1.0}, math.inf),
    ],
)
def test_differences(one: object, other: object, apart: float) -> None:
    assert difference(one, other) == apart


def test_rounding_of_large_numbers_is_no_difference_without_a_tolerance() -> None:
    assert agree(1e9, 1e9 + 10)
    assert not agree(1e9, 1e9 + 10, 1.0)
    assert not agree(1.0, 1.001)
    assert size({"a": [-3, "x"], "b": True}) == 3
