"""The answers of a model that looks at no feature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.worker.train.baseline import Baseline


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1))
def test_the_most_frequent_label_is_the_answer_and_shares_are_its_probabilities(labels):
    found = Baseline.of(labels, "classification")
    assert labels.count(found.answer) == max(map(labels.count, labels))
    predictions = found.predictions(2, ("a", "b", "c", "never"))
    assert predictions.labels == [found.answer] * 2
    assert predictions.probabilities.sum(axis=1) == pytest.approx([1, 1])
    assert predictions.probabilities[0].tolist() == [
        labels.count(label) / len(labels) for label in ("a", "b", "c", "never")
    ]


def test_of_equally_frequent_labels_the_first_is_the_answer():
    assert Baseline.of(["b", "a", "a", "b"], "classification").answer == "b"


def test_numbers_are_answered_by_their_mean_and_have_no_probabilities():
    found = Baseline.of([1.0, None, 4.0], "regression")
    assert found.answer == 2.5
    predictions = found.predictions(3, None)
    assert (predictions.labels, predictions.probabilities) == ([2.5] * 3, None)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_without_labels_there_is_no_answer(task):
    assert Baseline.of([None, None], task).answer is None
    assert Baseline.of([], task).predictions(1, None).labels == [None]
