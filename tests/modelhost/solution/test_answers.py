from __future__ import annotations

import numpy as np
import pytest

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers, as_array, nothing

MOODS = Answers(
    "text",
    Predictions(["calm", None, "angry"], np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])),
    ("calm", "angry"),
)


def test_numbers_are_an_array_and_a_missing_one_is_nan() -> None:
    found = Answers("price", Predictions([1, 2.5, None], None)).predictions
    assert found.dtype == np.float64
    assert found.tolist()[:2] == [1.0, 2.5]
    assert np.isnan(found[2])


def test_labels_are_objects_and_a_missing_one_is_none() -> None:
    assert MOODS.predictions.tolist() == ["calm", None, "angry"]
    assert MOODS.missing().tolist() == [False, True, False]
    assert len(MOODS) == 3


def test_the_probability_of_a_label_is_a_column() -> None:
    assert MOODS.probability("angry").tolist() == [0.1, 0.5, 0.8]
    with pytest.raises(PackageError, match="one of its labels, calm, angry, got 'sad'"):
        MOODS.probability("sad")


def test_a_boolean_label_is_found_by_its_text() -> None:
    both = Answers("a", Predictions([True], np.array([[0.3, 0.7]])), (False, True))
    assert both.probability(True).tolist() == [0.7]
    assert both.probability("true").tolist() == [0.7]


def test_probabilities_that_a_model_does_not_give() -> None:
    with pytest.raises(PackageError, match="'price': expected probabilities, got a model"):
        Answers("price", Predictions([1.0], None)).probabilities  # noqa: B018


def test_one_of_several_outputs() -> None:
    rows = Predictions([{"size": [1, 2], "kind": "a"}, {"size": [3, 4], "kind": "b"}], None)
    found = Answers("two", rows, None, ("size", "kind"))
    assert found.output("size").tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found.output("kind").tolist() == ["a", "b"]
    with pytest.raises(PackageError, match="one of its outputs, size, kind, got 'weight'"):
        found.output("weight")


def test_lists_of_several_lengths_stay_lists() -> None:
    assert as_array([[1], [2, 3]]).tolist() == [[1], [2, 3]]
    assert as_array([]).tolist() == []


def test_missing_answers_have_the_form_of_others() -> None:
    found = nothing("text", 2, ("calm", "angry"), ())
    assert found.missing().all()
    assert found.probabilities.shape == (2, 2)
    assert np.isnan(found.probability("angry")).all()
    assert not nothing("price", 2, None, ()).has_probabilities
