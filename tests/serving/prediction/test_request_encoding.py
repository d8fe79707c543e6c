"""Requests to the model's process have the messages that the process's own encoder writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.wire import MAX_JOINED_BYTES, Message, MessageDecoder, encoded
from serving.prediction.request_encoding import encoded_request

numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(st.none(), st.booleans(), st.integers(), numbers, st.text())


def received(parts: list[Any]) -> Message:
    (message,) = MessageDecoder().feed(b"".join(parts))
    return Message(message.header, [bytes(buffer) for buffer in message.buffers])


@given(st.dictionaries(st.text(), st.lists(values)), st.lists(st.binary()))
def test_the_message_is_the_same(header: dict[str, Any], buffers: list[bytes]) -> None:
    header.pop("buffers", None)
    message = Message(header, buffers)
    assert received(encoded_request(message)) == received(encoded(message)) == message


@pytest.mark.parametrize("value", ["\ud800", 1 << 70])
def test_what_only_the_usual_encoder_writes_is_written(value: Any) -> None:
    message = Message({"a": [value]}, [b"x"])
    assert received(encoded_request(message)) == message


def test_a_large_buffer_is_not_copied() -> None:
    large = bytes(MAX_JOINED_BYTES + 1)
    assert encoded_request(Message({}, [large]))[1] is large
