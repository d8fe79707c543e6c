"""Answers go out within the windows of the client, and complete."""

from __future__ import annotations

import pytest
from http2_client import fields, frames
from hypothesis import given
from hypothesis import strategies as st

from serving.http2.frames import (
    END_STREAM,
    INITIAL_WINDOW,
    MAX_WINDOW,
    Code,
    ConnectionFailedError,
    Kind,
    Setting,
)
from serving.http2.header_blocks import STATUS_200, literal
from serving.http2.sending import Sender

TRAILERS = literal(b"grpc-status", b"0")


def test_a_small_answer_is_three_frames() -> None:
    made, done = Sender().answer(1, STATUS_200, b"body", TRAILERS)
    assert done
    head, body, end = frames(made)
    assert fields(head) == {b":status": b"200"}
    assert (body.kind, body.payload, body.flags) == (Kind.DATA, b"body", 0)
    assert (fields(end), end.flags & END_STREAM) == ({b"grpc-status": b"0"}, END_STREAM)


def test_an_answer_without_trailers_is_one_frame() -> None:
    [head] = frames(Sender().answer(1, STATUS_200, b"", b"")[0])
    assert head.flags & END_STREAM


@given(
    st.integers(0, 400_000),
    st.lists(st.tuples(st.booleans(), st.integers(1, 100_000)), max_size=30),
    st.integers(0, 100_000),
)
def test_no_window_is_exceeded_and_nothing_is_lost(
    size: int, grants: list[tuple[bool, int]], initial: int
) -> None:
    sender, body = Sender(), bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    sender.set_up([(Setting.INITIAL_WINDOW_SIZE, initial)])
    made, done = sender.answer(1, STATUS_200, body, TRAILERS)
    own, whole = initial, INITIAL_WINDOW
    for of_stream, grant in grants:
        if done:
            break
        own, whole = (own + grant, whole) if of_stream else (own, whole + grant)
        more, ended = sender.allowed(1 if of_stream else 0, grant)
        made, done = made + more, bool(ended)
    sent = b"".join(one.payload for one in frames(made) if one.kind == Kind.DATA)
    assert len(sent) == min(size, own, whole)
    assert body.startswith(sent)
    assert done == (len(sent) == size)
    assert sender.waits != done
    assert sender.unsent == size - len(sent)


def test_a_smaller_initial_window_counts_for_open_streams() -> None:
    sender = Sender()
    sender.answer(1, STATUS_200, b"x" * 100_000, TRAILERS)
    assert sender.set_up([(Setting.INITIAL_WINDOW_SIZE, 10)]) == (b"", [])
    sender.allowed(0, 1_000_000)
    more, ended = sender.allowed(1, INITIAL_WINDOW - 10 + 5)
    assert [len(one.payload) for one in frames(more)] == [5]
    assert not ended


@pytest.mark.parametrize("stream", [0, 1])
def test_a_window_that_grows_too_large_ends_the_connection(stream: int) -> None:
    sender = Sender()
    with pytest.raises(ConnectionFailedError) as caught:
        sender.allowed(stream, MAX_WINDOW)
    assert caught.value.code == Code.FLOW_CONTROL_ERROR
