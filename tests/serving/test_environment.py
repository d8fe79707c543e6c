"""An invalid variable's error has its name, the expected value and how to reset it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from serving.environment import between, read, switch, within


def test_an_unset_or_empty_variable_has_its_default():
    for environment in ({}, {"X": ""}):
        assert read(environment, "X", "3", int, "a number") == 3
    assert read({"X": "4"}, "X", "3", int, "a number") == 4


def test_a_value_that_cannot_be_used_is_named():
    with pytest.raises(UsageError) as caught:
        read({"X": "many"}, "X", "3", int, "a number")
    assert caught.value.message == "X: expected a number, got 'many'"
    assert caught.value.hint == "unset it for '3'"


@given(st.integers(), st.integers(0, 50))
def test_whole_numbers_are_taken_with_both_ends(number, high):
    if 0 <= number <= high:
        assert between(0, high)(str(number)) == number
    else:
        with pytest.raises(ValueError, match=str(number)):
            between(0, high)(str(number))


@pytest.mark.parametrize(
    ("text", "good"), [("0", False), ("0.1", True), ("1", True), ("1.1", False)]
)
def test_numbers_are_above_the_low_end(text, good):
    if good:
        assert within(0, 1)(text) == float(text)
    else:
        with pytest.raises(ValueError, match=r"\d"):
            within(0, 1)(text)


@pytest.mark.parametrize("text", ["nan", "inf", "ten", ""])
def test_what_is_no_number_within_bounds_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        within(0, 1)(text)


def test_a_switch_is_on_or_off():
    assert (switch("on"), switch("off")) == (True, False)
    with pytest.raises(ValueError, match="yes"):
        switch("yes")
