"""Parts of a model in another process are called by messages."""

from __future__ import annotations

import numpy as np
import pytest

from modelhost.prediction_messages import decode_call, encode_matrix, encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message, roundtrip
from packager.model.compiled.called_parts import CalledParts

MATRIX = np.array([[1.0, np.nan], [-0.0, 3.0]])
ANSWERS = Predictions(["b", "a"], np.array([[0.25, 0.75], [1.0, 0.0]]))


def answered(request: Message) -> Message:
    call = decode_call(roundtrip(request))
    assert (list(call.path), call.sparse) == (["steps", 0, 1], True)
    assert call.matrix.tobytes() == MATRIX.tobytes()
    if call.method == "transform":
        return roundtrip(Message(*encode_matrix(2 * call.matrix)))
    return roundtrip(Message(*encode_predictions(ANSWERS)))


def test_a_call_has_the_path_and_the_matrix_and_its_answer_is_read():
    parts = CalledParts(answered)
    made = parts.transform(["steps", 0, 1], MATRIX, sparse=True)
    assert made.tobytes() == (2 * MATRIX).tobytes()
    found = parts.predict(["steps", 0, 1], MATRIX, sparse=True)
    assert found.labels == ANSWERS.labels
    assert found.probabilities.tolist() == ANSWERS.probabilities.tolist()


def test_what_the_process_raises_passes_through():
    def fails(_: Message) -> Message:
        raise TimeoutError("late")

    with pytest.raises(TimeoutError, match="late"):
        CalledParts(fails).transform([], MATRIX)
