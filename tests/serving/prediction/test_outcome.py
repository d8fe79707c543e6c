"""Rows outside the compiled form's domain get the native model's predictions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from packager.model.predictions import Predictions
from serving.prediction.outcome import PartialPrediction


@given(st.lists(st.booleans(), min_size=1), st.booleans())
def test_every_row_has_the_answer_of_the_model_that_was_asked(outside, chances):
    rows = [place for place, is_out in enumerate(outside) if is_out]
    fast = [[0.25, 0.75]] * len(outside) if chances else None
    found = PartialPrediction(["fast"] * len(outside), fast, rows).completed(
        Predictions(["native"] * len(rows), np.full((len(rows), 2), 0.5) if chances else None)
    )
    assert list(found.labels) == ["native" if is_out else "fast" for is_out in outside]
    assert (found.outside, found.native) == ((), len(rows))
    if chances:
        assert np.asarray(found.probabilities).tolist() == [
            [0.5, 0.5] if is_out else [0.25, 0.75] for is_out in outside
        ]


def test_where_one_of_the_two_gives_no_probabilities_there_are_none():
    found = PartialPrediction(["a", "b"], [[1.0], [1.0]], [1]).completed(Predictions(["c"], None))
    assert (found.labels, found.probabilities) == (["a", "c"], None)
