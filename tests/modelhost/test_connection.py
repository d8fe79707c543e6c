"""A connection of the serving process with one worker, which may be slow, broken or hostile."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import modelhost.connection
from modelhost.connection import Connection
from modelhost.wire import PREFIX, Message, MessageDecoder, WireError, encoded

MAX_PAYLOAD = 1 << 20


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket]]:
    """The connection, and the worker's end of it."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(60)
    with ours, theirs:
        yield Connection(ours, MAX_PAYLOAD), theirs


def data(message: Message) -> bytes:
    return b"".join(bytes(part) for part in encoded(message))


def test_whole_messages_are_read_and_the_rest_waits(ends) -> None:
    connection, worker = ends
    first, second = data(Message({"id": 1}, [b"abc"])), data(Message({"id": 2}))
    worker.sendall(first + second[:7])
    (message,) = connection.read()
    assert (message.header, bytes(message.buffers[0])) == ({"id": 1}, b"abc")
    assert connection.read() == []
    worker.sendall(second[7:])
    assert [one.header for one in connection.read()] == [{"id": 2}]


def test_nothing_to_read_is_no_message(ends) -> None:
    assert ends[0].read() == []


def test_one_worker_that_sends_without_end_does_not_keep_the_others_waiting(
    ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, worker = ends
    one = data(Message({"id": 1}))
    monkeypatch.setattr(modelhost.connection, "_CHUNK", len(one))
    monkeypatch.setattr(modelhost.connection, "_CHUNKS_AT_ONCE", 3)
    worker.sendall(5 * one)
    assert len(connection.read()) == 3
    assert len(connection.read()) == 2


def test_a_worker_that_ends_is_an_error(ends) -> None:
    connection, worker = ends
    worker.close()
    with pytest.raises(WireError, match="the worker closed the connection"):
        connection.read()
    with pytest.raises(WireError, match="the connection ended"):
        connection.send(Message({"id": 1}))


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        PREFIX.pack(b"MHW1", 10, MAX_PAYLOAD + 1),
        PREFIX.pack(b"MHW1", (64 << 20) + 1, 0),
        PREFIX.pack(b"MHW1", 2, 0) + b"[]",
        PREFIX.pack(b"MHW1", 17, 0) + b'{"buffers": [1]}.',
    ],
)
def test_anything_but_a_message_is_an_error(ends, sent: bytes) -> None:
    connection, worker = ends
    worker.sendall(sent)
    with pytest.raises(WireError, match="expected"):
        connection.read()


def test_what_a_slow_worker_does_not_take_is_kept_and_sent_in_order(ends) -> None:
    connection, worker = ends
    decoder, received = MessageDecoder(), []
    for number in range(20):
        connection.send(Message({"id": number}, [bytes([number]) * 100_000, b""]))
    assert connection.has_unsent
    while len(received) < 20:
        connection.flush()
        received += decoder.feed(worker.recv(1 << 16))
    assert not connection.has_unsent
    assert [one.header["id"] for one in received] == list(range(20))
    assert all(bytes(one.buffers[0]) == bytes([n]) * 100_000 for n, one in enumerate(received))


def test_a_worker_that_never_reads_is_disconnected(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, _ = ends
    monkeypatch.setattr(modelhost.connection, "MAX_UNSENT_BYTES", 1 << 20)
    with pytest.raises(WireError, match="does not read its answers"):
        connection.send(Message({"id": 1}, [bytes(3 << 20)]))


def test_a_full_socket_blocks_nobody(ends) -> None:
    connection, _ = ends
    for _ in range(30):
        connection.send(Message({"id": 1}, [bytes(100_000)]))
    connection.flush()
    assert connection.has_unsent
