"""Messages on pipes: whole ones, several at once, an end, and an end within one."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from modelhost.wire import Message, WireError, encoded
from packager.model.message_pipe import MessagePipe


def test_messages_arrive_in_their_order_and_then_the_end() -> None:
    reading, writing = os.pipe()
    with closing(MessagePipe(reading, writing)) as pipe:
        pipe.send(Message({"a": 1}, [b"xyz"]))
        pipe.send(Message({"b": 2}))
        first, second = pipe.receive(), pipe.receive()
        assert first is not None
        assert second is not None
        assert (first.header, bytes(first.buffers[0]), second.header) == (
            {"a": 1},
            b"xyz",
            {"b": 2},
        )
        pipe.end()
        pipe.end()
        assert pipe.receive() is None


def test_an_end_within_a_message_is_an_error() -> None:
    reading, writing = os.pipe()
    with closing(MessagePipe(reading, writing)) as pipe:
        os.write(writing, bytes(encoded(Message({"a": 1}))[0])[:-1])
        pipe.end()
        with pytest.raises(WireError, match="within a message"):
            pipe.receive()
