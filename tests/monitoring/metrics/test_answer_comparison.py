"""A challenger's answers compared with champion's."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.metrics.answer_comparison import (
    RowComparison,
    compare_answers,
    compare_values,
    relative_difference,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CLASSES = RowComparison(("a", "b"))


def test_classes_are_the_same_whatever_their_probabilities() -> None:
    found = CLASSES.of("a", [0.9, 0.1], {"prediction": "a", "probabilities": {"a": 0.6, "b": 0.4}})
    assert found.outcome == "same"
    assert found.difference == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        ("a", "a", "same"),
        ("a", "b", "other"),
        ("a", None, "other"),
        (None, None, "same"),
        ("a", 1, "incomparable"),
        ("a", {"b": 1}, "incomparable"),
        (1, 1.0, "same"),
        (1, True, "incomparable"),
        (True, True, "same"),
    ],
)
def test_outcomes_of_classes(ours: Any, theirs: Any, outcome: str) -> None:
    found = CLASSES.of(ours, None, {"prediction": theirs})
    assert (found.outcome, found.difference) == (outcome, None)


def test_a_class_that_only_one_has_counts_as_0() -> None:
    answer = {"prediction": "a", "probabilities": {"a": 0.9, "c": 0.1}}
    found = CLASSES.of("a", [0.9, 0.1], answer)
    assert found.difference == pytest.approx(0.1)


@pytest.mark.parametrize("chances", [None, [0.5], {}, {"a": "x"}, {"a": None}, {"a": True}])
def test_probabilities_of_another_form_have_no_difference(chances: Any) -> None:
    found = CLASSES.of("a", [math.nan, 1.0], {"prediction": "a", "probabilities": chances})
    assert found.difference is None


def test_a_class_is_kept_as_champion_writes_it() -> None:
    comparison = RowComparison((0, 1))
    assert comparison.own_class(1.0) == 1
    assert isinstance(comparison.own_class(1.0), int)
    assert comparison.own_class(True) is True
    assert comparison.own_class(7) == 7


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome", "difference"),
    [
        (1.0, 1.0 + 1e-9, "same", 1e-9),
        (1.0, 1.1, "other", 0.1 / 1.1),
        (0.0, 0.0, "same", 0.0),
        (-1.0, 1.0, "other", 2.0),
        (1.0, "1", "incomparable", None),
        (1.0, None, "other", None),
        ([1.0, 2.0], [1.0, 4.0], "other", 0.5),
        ([1.0], [1.0, 2.0], "other", None),
        ({"x": 1.0}, {"y": 1.0}, "incomparable", None),
        ({"x": 1.0, "y": "a"}, {"y": "a", "x": 1.0}, "same", 0.0),
        ({"x": [1, "a"]}, {"x": [1, 2]}, "incomparable", 0.0),
        (10**400, 10**400, "same", None),
    ],
)
def test_values(ours: Any, theirs: Any, outcome: str, difference: float | None) -> None:
    found = compare_values(ours, theirs)
    assert found.outcome == outcome
    assert found.difference == pytest.approx(difference, abs=1e-12)


@given(JSON, JSON)
def test_a_comparison_never_fails_and_has_no_direction(one: Any, other: Any) -> None:
    assert compare_values(one, one).outcome == "same"
    found, back = compare_values(one, other), compare_values(other, one)
    assert found == back


@given(NUMBERS, NUMBERS)
def test_the_relative_difference_is_bounded(one: float, other: float) -> None:
    assert 0 <= relative_difference(one, other) <= 2


def test_entries_of_two_answers_are_compared_with_their_probabilities() -> None:
    old, new = ({"prediction": "a", "probabilities": {"a": one}} for one in (0.9, 0.6))
    found = compare_answers(old, new)
    assert (found.outcome, found.difference) == ("same", pytest.approx(0.3))
    assert compare_answers({"prediction": 2.0}, {"prediction": 1.0}).difference == 0.5
    assert compare_answers({"prediction": "a"}, "garbage").outcome == "incomparable"
