from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelhost.solution.prediction_bins import MIN_VECTOR_ROWS, PredictionBins

NUMBERS = PredictionBins(3, (1.0, 2.0), {}, None)
LABELS = PredictionBins(3, (), {"a": 0, "true": 1}, None)


def test_a_bound_belongs_to_the_bin_above_it() -> None:
    assert NUMBERS.counts([0.5, 1.0, 1.5, 2, 99.0]) == [1, 2, 2]
    assert NUMBERS.counts([None, float("nan"), "text"]) == [0, 0, 0]


def test_labels_count_by_their_text_and_others_in_the_last_bin() -> None:
    assert LABELS.counts(["a", True, "b", None]) == [1, 1, 1]
    assert LABELS._replace(size=2).counts(["a", True, "b"]) == [1, 1]


def test_one_output_of_several_is_counted() -> None:
    bins = NUMBERS._replace(output="price")
    assert bins.counts([{"price": 0.0}, {"price": 5.0}, {"price": None}, None, {}]) == [1, 0, 1]


def test_bins_are_read_as_they_were_written() -> None:
    for bins in (NUMBERS, LABELS._replace(output="kind")):
        assert PredictionBins.read(json.loads(json.dumps(bins.as_json()))) == bins


@given(st.lists(st.floats(-5, 5) | st.none(), max_size=3 * MIN_VECTOR_ROWS))
def test_many_numbers_are_counted_as_few_are(answers: list[float | None]) -> None:
    each = np.sum([NUMBERS.counts([one]) for one in answers] or [[0, 0, 0]], axis=0)
    assert NUMBERS.counts(answers) == each.tolist()
