"""Messages arrive as they were sent, in any pieces; anything else is an error."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost import short_wait, wire
from modelhost.wire import (
    PREFIX,
    EncodedMessage,
    Message,
    MessageDecoder,
    Receiver,
    WireError,
    encoded,
    receive,
    roundtrip,
    send,
)

WAYS = pytest.mark.parametrize(
    "reader", [lambda one: partial(receive, one), lambda one: Receiver(one).receive]
)
"""Both ways to read messages from a socket."""

MESSAGES = st.lists(
    st.builds(
        Message,
        st.dictionaries(st.text().filter(lambda key: key != "buffers"), st.integers() | st.text()),
        st.lists(st.binary(max_size=40), max_size=4),
    ),
    max_size=4,
)


def plain(message: Message) -> tuple[dict[str, object], list[bytes]]:
    return message.header, [bytes(buffer) for buffer in message.buffers]


@given(MESSAGES, st.lists(st.integers(1, 30), min_size=1))
def test_messages_come_back_from_pieces_of_any_size(messages, sizes):
    stream = b"".join(bytes(part) for message in messages for part in encoded(message))
    decoder, found, turn = MessageDecoder(), [], 0
    while stream:
        size = sizes[turn % len(sizes)]
        found += decoder.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert [plain(one) for one in found] == [plain(one) for one in messages]
    assert decoder.idle


@WAYS
def test_a_large_message_passes_a_socket(reader) -> None:
    ours, theirs = socket.socketpair()
    message = Message({"verb": "x"}, [b"a" * 3_000_000, b"", b"bc"])
    with ours, theirs:
        thread = threading.Thread(target=send, args=(ours, message))
        thread.start()
        receives = reader(theirs)
        found = receives()
        thread.join()
        ours.close()
        assert found is not None
        assert plain(found) == ({"verb": "x"}, list(message.buffers))
        assert receives() is None


def header(content: object, payload: int = 0) -> bytes:
    text = json.dumps(content).encode()
    return PREFIX.pack(b"MHW1", len(text), payload) + text


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "expected b'MHW1'"),
        (PREFIX.pack(b"MHW2", 2, 0) + b"{}", "expected b'MHW1'"),
        (PREFIX.pack(b"MHW1", (64 << 20) + 1, 0), "expected a header of at most"),
        (PREFIX.pack(b"MHW1", 2, (1 << 40) + 1), "a payload of at most"),
        (PREFIX.pack(b"MHW1", 2, 0) + b"{]", "expected a JSON object"),
        (header([]), "expected a JSON object"),
        (header({}), "expected a JSON object"),
        (header({"buffers": 3}), "expected a JSON object"),
        (header({"buffers": [1]}), "expected buffers that fill the payload"),
        (header({"buffers": [-1, 1]}), "expected buffers that fill the payload"),
        (header({"buffers": [True]}, 1) + b"x", "expected buffers that fill the payload"),
    ],
)
def test_anything_else_is_an_error(stream, expected):
    with pytest.raises(WireError, match=expected):
        list(MessageDecoder().feed(stream))


@WAYS
def test_an_end_within_a_message_is_an_error(reader) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(header({"buffers": [9]}, 9)[:-1])
        ours.close()
        with pytest.raises(WireError, match="ended within a message"):
            reader(theirs)()


def test_a_receiver_keeps_messages_that_arrive_together() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"".join(part for n in range(3) for part in encoded(Message({"n": n}))))
        incoming = Receiver(theirs)
        assert [incoming.receive().header["n"] for _ in range(3)] == [0, 1, 2]


FORMS = {b"TST1": lambda block, _: Message({"read": bytes(block)}) if block else None}


def test_other_protocols_are_read_by_their_forms() -> None:
    message = EncodedMessage({}, [PREFIX.pack(b"TST1", 0, 2) + b"ab"])
    stream = b"".join(bytes(part) for one in (message, Message({"n": 1})) for part in encoded(one))
    for size in (1, len(stream)):
        decoder, found = MessageDecoder(forms=FORMS), []
        for start in range(0, len(stream), size):
            found += decoder.feed(stream[start : start + size])
        assert [one.header for one in found] == [{"read": b"ab"}, {"n": 1}]


@pytest.fixture
def yields(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[Callable[[], None]]]:
    """How often a receiver has looked for a message, and what happens at its third look."""
    looks: list[int] = []
    third: list[Callable[[], None]] = []

    def sched_yield() -> None:
        looks.append(1)
        if third and len(looks) == 3:
            third.pop()()

    monkeypatch.setattr(os, "sched_yield", sched_yield)
    monkeypatch.setattr(short_wait, "FREE_SECONDS", 60.0)
    monkeypatch.setattr(wire, "LOOK_SECONDS", 60.0)
    return looks, third


ANNOUNCED = PREFIX.pack(b"TST1", 0, 0)


@pytest.mark.parametrize("announced", [True, False])
def test_a_message_is_looked_for_that_is_announced_or_after_one_that_came_soon(
    announced: bool, yields
) -> None:
    ours, theirs = socket.socketpair()
    looks, third = yields
    with ours, theirs:
        incoming = Receiver(theirs, FORMS, 2)
        if announced:
            ours.sendall(ANNOUNCED)
        else:
            send(ours, Message({"n": 0}))
            assert incoming.receive() == Message({"n": 0}, [])
            assert not looks  # nothing says that one comes soon
        third.append(lambda: send(ours, Message({"n": 1})))
        assert incoming.receive() == Message({"n": 1}, [])
        assert len(looks) == 3


def test_a_receiver_sleeps_after_a_message_that_took_long(
    yields, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LOOK_SECONDS", 0.001)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        incoming = Receiver(theirs, FORMS, 2)
        for number in range(2):
            timer = threading.Timer(0.02, send, (ours, Message({"n": number})))
            timer.start()
            assert incoming.receive() == Message({"n": number}, [])
        assert not yields[0]
        ours.sendall(ANNOUNCED)  # it is looked for in vain, and then waited for
        timer = threading.Timer(0.02, send, (ours, Message({"n": 2})))
        timer.start()
        assert incoming.receive() == Message({"n": 2}, [])
        assert yields[0]


def test_a_receiver_never_looks_on_one_processor(yields) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        incoming = Receiver(theirs, FORMS)
        for number in range(3):
            ours.sendall(ANNOUNCED)
            send(ours, Message({"n": number}))
            assert incoming.receive() == Message({"n": number}, [])
    assert not yields[0]


@pytest.mark.parametrize("processors", [1, 2])
def test_an_end_after_an_announcement_is_one(processors: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(ANNOUNCED)
        ours.close()
        assert Receiver(theirs, FORMS, processors).receive() is None


def test_a_processor_that_others_want_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(short_wait, "FREE_SECONDS", 0.0)
    monkeypatch.setattr(wire, "LOOK_SECONDS", 60.0)
    with ours, theirs:
        ours.sendall(ANNOUNCED)
        timer = threading.Timer(0.02, send, (ours, Message({"n": 1})))
        timer.start()
        assert Receiver(theirs, FORMS, 2).receive() == Message({"n": 1}, [])


def test_a_round_trip_gives_what_the_other_side_would_receive():
    made = roundtrip(Message({"a": (1, "ü")}, [b"ab", b""]))
    assert made.header == {"a": [1, "ü"]}
    assert [bytes(buffer) for buffer in made.buffers] == [b"ab", b""]


def test_one_message_is_taken_over_without_a_copy_and_several_are_kept_apart() -> None:
    messages = [Message({"n": n}, [bytes([n]) * n]) for n in range(4)]
    stream = b"".join(bytes(part) for message in messages for part in encoded(message))
    for size in (1, 7, 40, len(stream)):
        decoder = MessageDecoder()
        found = [
            message
            for start in range(0, len(stream), size)
            for message in decoder.feed(stream[start : start + size])
        ]
        assert [(one.header["n"], bytes(one.buffers[0])) for one in found] == [
            (n, bytes([n]) * n) for n in range(4)
        ]
        assert decoder.idle
    assert all(one.buffers[0].readonly for one in found if isinstance(one.buffers[0], memoryview))
