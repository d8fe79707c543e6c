from __future__ import annotations

import marshal
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.solution.short_form import (
    ANNOUNCEMENT,
    ANSWER,
    REQUEST,
    ShortRequest,
    answer_to_flow,
    read_answer,
    read_request,
)
from modelhost.wire import PREFIX, Message, MessageDecoder, WireError, encoded, roundtrip

FORMS = {REQUEST: read_request, ANSWER: read_answer}
NUMBERS = st.integers(0, 2**64 - 1)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)


def read(content: bytes) -> list[Message]:
    return list(MessageDecoder(forms=FORMS).feed(content))


def answered(found: Predictions, number: int = 3) -> dict[str, Any]:
    (content,) = encoded(answer_to_flow(number, found, 0.25, 7.5))
    (answer,) = read(bytes(content))
    return answer.header


@given(NUMBERS, st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=5))
def test_a_request_arrives_as_it_was_asked(number: int, values: list[list[Any]]) -> None:
    (asked,) = read(ShortRequest(2, values).encoded(number))
    assert asked.header == {
        "verb": "ask",
        "model": 0,
        "rows": 2,
        "values": values,
        "short": number,
    }
    kinds = [[type(one) for one in column] for column in asked.header["values"]]
    assert kinds == [[type(one) for one in column] for column in values]


def test_texts_that_are_no_unicode_arrive_too() -> None:
    (asked,) = read(ShortRequest(1, [["\ud800é"]]).encoded(0))
    assert asked.header["values"] == [["\ud800é"]]


@given(NUMBERS, st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_numbers_are_answered_to_the_last_bit(number: int, labels: list[float]) -> None:
    header = answered(Predictions(labels, None), number)
    assert (header["id"], header["seconds"], header["began"]) == (number, 0.25, 7.5)
    found = header["predictions"]
    assert found.probabilities is None
    assert [(one, math.copysign(1, one)) for one in found.labels] == [
        (one, math.copysign(1, one)) for one in labels
    ]


@pytest.mark.parametrize("labels", [["yes", "né"], [1, 2], [True, False], [None, 1.5], [{"a": 1}]])
def test_other_labels_keep_their_types(labels: list[Any]) -> None:
    found = answered(Predictions(labels, None))["predictions"].labels
    assert found == labels
    assert [*map(type, found)] == [*map(type, labels)]


def test_probabilities_come_back_in_their_shape_and_can_be_changed() -> None:
    chances = np.asfortranarray([[0.1, 0.9], [0.3, 0.7], [0.2, 0.8]])
    found = answered(Predictions(["a", "b", "b"], chances))["predictions"].probabilities
    assert found.tolist() == chances.tolist()
    found[0] = 0.5


@pytest.mark.parametrize(
    "found",
    [Predictions([1.0], None, more=[{"x": 1}]), Predictions([None], None, absent={"text": [0]})],
)
def test_what_has_more_than_labels_takes_an_ordinary_message(found: Predictions) -> None:
    answer = answer_to_flow(1, found, 0.25, 7.5)
    assert decode_predictions(roundtrip(answer)) == found
    assert (answer.header["seconds"], answer.header["began"]) == (0.25, 7.5)


def test_other_requests_get_ordinary_messages() -> None:
    assert decode_predictions(answer_to_flow(None, Predictions([1.0], None), 0.1, 1.0)).labels == [
        1
    ]


def test_an_announcement_is_no_message_and_joins_the_next() -> None:
    assert read(ANNOUNCEMENT) == []
    (asked,) = read(ANNOUNCEMENT + ShortRequest(1, [[1]]).encoded(4))
    assert asked.header["short"] == 4


def message(magic: bytes, header: bytes, payload: bytes = b"") -> bytes:
    return PREFIX.pack(magic, len(header), len(payload)) + header + payload


ONE_ROW = bytes(8) + b"\1\0\0\0" + bytes(4) + b"\1" + bytes(16)
"""The header of an answer to one row, a float64, without classes."""


@pytest.mark.parametrize(
    "content",
    [
        message(REQUEST, b"short", marshal.dumps([[1]])),
        message(REQUEST, bytes(12), b"\xff"),
        message(REQUEST, bytes(12)),
        message(ANSWER, b""),
        message(ANSWER, ONE_ROW, b"1234567"),
        message(ANSWER, ONE_ROW[:12] + b"\xff\xff\xff\xff" + ONE_ROW[16:], b"12345678"),
        message(ANSWER, ONE_ROW[:16] + b"\0" + bytes(16), b'{"no": "list"}'),
        message(ANSWER, ONE_ROW[:16] + b"\0" + bytes(16), b"[1] 2"),
        message(ANSWER, ONE_ROW[:16] + b"\0" + bytes(16), b"[" * 100_000),
        message(ANSWER, ONE_ROW[:16] + b"\0" + bytes(16), b"\xff"),
    ],
)
def test_anything_else_is_none(content: bytes) -> None:
    with pytest.raises(WireError, match="expected a message of"):
        read(content)


def test_only_a_flow_and_its_members_read_them() -> None:
    with pytest.raises(WireError, match="expected b'MHW1' at the start"):
        list(MessageDecoder().feed(ShortRequest(1, [[1]]).encoded(0)))
