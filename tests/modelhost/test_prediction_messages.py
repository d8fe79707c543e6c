"""Predictions and matrices come back as they were sent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.errors import PackageError
from modelhost.prediction_messages import (
    decode_matrix,
    decode_predictions,
    encode_matrix,
    encode_predictions,
)
from modelhost.predictions import Predictions
from modelhost.wire import Message, MessageDecoder, encoded


def sent(header, buffers) -> Message:
    stream = b"".join(bytes(part) for part in encoded(Message(header, buffers)))
    (message,) = MessageDecoder().feed(stream)
    return message


@given(st.integers(0, 40), st.integers(1, 3), st.booleans())
def test_predictions_come_back(rows, width, probable):
    labels = ["a" if row % 2 else None for row in range(rows)]
    chances = np.arange(rows * width, dtype=np.float64).reshape(rows, width) if probable else None
    found = decode_predictions(sent(*encode_predictions(Predictions(labels, chances))))
    assert found.labels == labels
    assert (found.probabilities is None) == (chances is None)
    if chances is not None:
        np.testing.assert_array_equal(found.probabilities, chances)


def test_numbers_are_plain() -> None:
    found = decode_predictions(sent(*encode_predictions(Predictions([0.5] * 20, None))))
    assert {type(label) for label in found.labels} == {float}


def test_a_matrix_comes_back_with_its_missing_values() -> None:
    matrix = np.array([[1.0, np.nan, -0.0], [np.inf, 1e-300, 2.0]])
    found = decode_matrix(sent(*encode_matrix(matrix)))
    assert found.tobytes() == matrix.tobytes()


def test_another_size_is_refused() -> None:
    header, buffers = encode_matrix(np.zeros((2, 3)))
    with pytest.raises(PackageError, match="got 6 values for 8 rows"):
        decode_matrix(sent({**header, "shape": [2, 4]}, buffers))


@pytest.mark.parametrize("chances", [None, np.zeros((2, 1))])
def test_the_rows_that_a_member_did_not_answer_come_back(chances) -> None:
    made = Predictions(["a", None], chances, absent={"text": [1]})
    found = decode_predictions(sent(*encode_predictions(made)))
    assert found.absent == {"text": [1]}


@pytest.mark.parametrize("rows", [[2], [-1], [True], ["1"]])
def test_rows_that_there_are_not_are_an_error(rows) -> None:
    header, buffers = encode_predictions(Predictions([0.5, 0.5], None))
    with pytest.raises(ValueError, match="expected some of 2 rows"):
        decode_predictions(sent({**header, "absent": {"text": rows}}, buffers))
