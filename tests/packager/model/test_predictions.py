"""A model's predictions as answers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelhost.predictions import Predictions
from packager.model.predictions import finite, flagged_answers, prediction_answers


def test_answers_name_probabilities_by_the_text_of_their_class() -> None:
    predictions = Predictions([1, 0], np.array([[0.25, 0.75], [1.0, np.nan]]))
    assert prediction_answers(predictions, (0, 1)) == [
        {"prediction": 1, "probabilities": {"0": 0.25, "1": 0.75}},
        {"prediction": 0, "probabilities": {"0": 1.0, "1": None}},
    ]
    assert prediction_answers(Predictions(["a"], None), None) == [{"prediction": "a"}]


def test_answers_have_the_flags_of_their_row() -> None:
    found = flagged_answers(Predictions(["a", "b"], None), None, [("x:missing",), ()])
    assert found == [
        {"prediction": "a", "flags": ["x:missing"]},
        {"prediction": "b", "flags": []},
    ]


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
    found = Predictions([label], np.full((1, len(classes)), 0.5))
    (answer,) = prediction_answers(found, classes)
    told = answer["prediction"]
    assert (told if isinstance(told, str) else json.dumps(told)) in answer["probabilities"]


def test_an_answer_with_a_null_in_it_is_not_finite():
    certain = {"prediction": 0, "probabilities": {"0": 1.0, "1": 0.0}}
    assert finite(certain)
    assert not finite({**certain, "prediction": None})
    assert not finite({**certain, "probabilities": {"0": None}})
    assert finite({"prediction": "a"})
