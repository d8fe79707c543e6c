"""Calls of parts of the model: what is asked, and what is taken for an answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from modelhost.prediction_messages import decode_call, encode_matrix, encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message
from serving.prediction.errors import DeadlineExceededError, ModelError
from serving.prediction.model_parts import HostedParts

MATRIX = np.array([[1.0, math.nan], [3.0, 4.0]])


class Client:
    """Answers with ``answer``, or raises it."""

    def __init__(self, answer: Message | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[Message, float]] = []

    def request_blocking(self, message: Message, deadline: float) -> Message:
        self.asked.append((message, deadline))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def parts_of(answer: Message | Exception) -> tuple[HostedParts, Client]:
    parts, client = HostedParts(), Client(answer)
    parts.bind(client)  # type: ignore[arg-type]
    return parts, client


def predicted(*labels: str) -> Message:
    return Message(*encode_predictions(Predictions(list(labels), None)))


def test_a_transformer_is_asked_by_its_path_within_the_deadline() -> None:
    parts, client = parts_of(Message(*encode_matrix(MATRIX * 2)))
    parts.deadline = 12.5
    found = parts.transform(("steps", 0), MATRIX, sparse=True)
    np.testing.assert_array_equal(found, MATRIX * 2)
    ((message, deadline),) = client.asked
    call = decode_call(message)
    assert (list(call.path), call.method, call.sparse) == (["steps", 0], "transform", True)
    np.testing.assert_array_equal(call.matrix, MATRIX)
    assert deadline == 12.5


def test_an_estimator_answers_with_predictions() -> None:
    parts, client = parts_of(predicted("a", "b"))
    assert parts.predict([], MATRIX).labels == ["a", "b"]
    ((message, deadline),) = client.asked
    assert decode_call(message).method == "predict"
    assert deadline == math.inf


def test_an_exception_of_the_part_is_the_models() -> None:
    parts, _ = parts_of(Message({"broken": {"said": ["ValueError at x.py:3"], "memory": False}}))
    with pytest.raises(ModelError) as raised:
        parts.transform([], MATRIX)
    assert raised.value.said == ["ValueError at x.py:3"]


def test_what_the_client_raises_is_passed_on() -> None:
    parts, _ = parts_of(DeadlineExceededError())
    with pytest.raises(DeadlineExceededError):
        parts.predict([], MATRIX)


@pytest.mark.parametrize(
    "answer",
    [
        Message({}),
        Message({"broken": 3}),
        Message({"broken": {"said": "text"}}),
        Message({"broken": {"said": [1]}}),
        Message({"matrix": {"as": "json"}, "shape": [2, 2]}),
        Message({"matrix": {"as": "json", "values": [1.0, 2.0]}, "shape": "x"}),
        Message({"matrix": {"as": "json", "values": [1.0, 2.0]}, "shape": [2]}),
        Message(*encode_matrix(np.zeros((3, 2)))),
        predicted("a", "b", "c"),
    ],
)
@pytest.mark.parametrize("method", ["transform", "predict"])
def test_anything_else_is_no_answer(answer: Message, method: str) -> None:
    parts, _ = parts_of(answer)
    call: Any = getattr(parts, method)
    with pytest.raises(ModelError) as raised:
        call([], MATRIX)
    assert "something else than an answer" in raised.value.said[0] or answer.header
