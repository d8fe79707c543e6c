"""Answers separated into their numbers and the rest."""

from __future__ import annotations

import math

import numpy as np

from modelhost.predictions import Predictions
from packager.worker.train.answers import numbers_within, skeletons


def test_numbers_and_the_rest():
    found = Predictions([{"b": 1.5, "a": "x"}, {"b": None, "a": "y"}], None)
    assert skeletons(found) == [{"b": 0.0, "a": "x"}, {"b": 0.0, "a": "y"}]
    numbers = numbers_within(found)
    assert numbers is not None
    assert numbers[0].tolist() == [1.5]
    assert math.isnan(numbers[1, 0])


def test_probabilities_count_as_numbers():
    numbers = numbers_within(Predictions([["a"], []], np.array([[0.5], [0.25]])))
    assert numbers is not None
    assert numbers.tolist() == [[0.5], [0.25]]


def test_further_entries_are_compared():
    more = [{"probabilities": {"y": {"a": 0.5}}}]
    numbers = numbers_within(Predictions([{"y": "a"}], None, more))
    assert numbers is not None
    assert numbers.tolist() == [[0.5]]


def test_none_for_no_numbers_or_rows_of_different_length():
    assert numbers_within(Predictions([["a"], ["b"]], None)) is None
    assert numbers_within(Predictions([[1.0], [1.0, 2.0]], None)) is None
