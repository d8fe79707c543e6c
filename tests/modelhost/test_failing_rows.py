"""The row on which a model raises is found; a model that accepts only few rows gets parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost import failing_rows
from modelhost.failing_rows import MAX_CALLS, PartError, predict_in_parts
from modelhost.predictions import Predictions


def model(bad: set[int] = frozenset(), most: int = 10**9):
    """A function that raises on rows of ``bad`` and on more than ``most`` rows at once."""
    asked: list[range] = []

    def ask(rows: range) -> Predictions:
        asked.append(rows)
        if len(rows) > most or bad & set(rows):
            raise ValueError(f"rows {rows}")
        return Predictions(list(rows), np.array([[float(row)] for row in rows]))

    return ask, asked


@given(st.integers(1, 1000), st.data())
def test_the_first_bad_row_is_found_in_few_calls(rows, data):
    bad = set(data.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=3)))
    ask, asked = model(bad)
    with pytest.raises(PartError) as caught:
        predict_in_parts(ask, rows)
    assert list(caught.value.rows) == [min(bad)]
    assert isinstance(caught.value.__cause__, ValueError)
    assert len(asked) <= 2 * rows.bit_length() + 1


@given(st.integers(1, 40), st.integers(1, 40))
def test_a_model_that_takes_only_so_many_rows_at_once_answers_all_in_order(rows, most):
    if 4 * rows > most * MAX_CALLS:
        return  # it gives up before
    ask, _ = model(most=most)
    found = predict_in_parts(ask, rows)
    assert found.labels == list(range(rows))
    assert found.probabilities[:, 0].tolist() == [float(row) for row in range(rows)]


def test_a_model_is_not_queried_without_end():
    ask, asked = model(most=1)
    with pytest.raises(PartError) as caught:
        predict_in_parts(ask, 10_000)
    assert len(asked) == MAX_CALLS
    assert str(caught.value).startswith("the model raised on rows ")


def test_time_ends_the_search_too(monkeypatch):
    monkeypatch.setattr(failing_rows, "MAX_SECONDS", -1.0)
    ask, asked = model({3})
    with pytest.raises(PartError) as caught:
        predict_in_parts(ask, 8)
    assert (asked, caught.value.rows) == ([range(8)], range(8))


def test_a_model_that_exits_is_one_that_raises():
    def ask(rows: range) -> Predictions:
        raise SystemExit(3)

    with pytest.raises(PartError, match="rows 0 to 0"):
        predict_in_parts(ask, 1)


def test_joined_parts_keep_the_probabilities_of_several_outputs() -> None:
    def ask(part: range) -> Predictions:
        if len(part) > 1:
            raise ValueError("one by one")
        return Predictions(
            [{"a": row} for row in part], None, [{"probabilities": {}} for _ in part]
        )

    found = predict_in_parts(ask, 3)
    assert found.labels == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert found.more == [{"probabilities": {}}] * 3


def test_the_rows_that_a_member_did_not_answer_are_joined() -> None:
    def ask(rows: range) -> Predictions:
        if len(rows) > 2:
            raise ValueError("too many")
        return Predictions([0.5] * len(rows), None, absent={"text": [len(rows) - 1]})

    assert predict_in_parts(ask, 5).absent == {"text": [1, 2, 4]}
