from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from socket import socket, socketpair

import pytest

from modelhost.predictions import Predictions
from modelhost.short_wait import ShortWait
from modelhost.solution.exchange import (
    GARBAGE,
    LOOK_SECONDS,
    Exchange,
    ExchangeEndedError,
    ExchangeTimeoutError,
)
from modelhost.solution.short_form import (
    ANNOUNCEMENT,
    REQUEST,
    ShortRequest,
    answer_to_flow,
    read_request,
)
from modelhost.wire import Message, MessageDecoder, receive, send


@pytest.fixture
def both() -> Iterator[tuple[Exchange, socket, int]]:
    """The exchange, the other end, and the descriptor whose end says that the process ended."""
    ours, theirs = socketpair()
    wake, stop = os.pipe()
    with theirs:
        yield Exchange(ours, os.fdopen(wake, "rb")), theirs, stop
    if stop_is_open(stop):
        os.close(stop)


def stop_is_open(stop: int) -> bool:
    try:
        os.fstat(stop)
    except OSError:
        return False
    return True


def soon(seconds: float = 0.02) -> float:
    return time.monotonic() + seconds


def test_an_answer_to_each_request(both: tuple[Exchange, socket, int]) -> None:
    exchange, other, _ = both
    number = exchange.send(Message({"n": 1}, [b"abc"]))
    asked = receive(other)
    assert asked is not None
    assert asked.header == {"n": 1, "id": number}
    send(other, Message({"a": 1, "id": number}))
    assert exchange.receive(number, None).header == {"a": 1}


def test_a_late_answer_is_skipped(both: tuple[Exchange, socket, int]) -> None:
    exchange, other, _ = both
    asked = []
    for _ in range(2):
        asked.append(exchange.send(Message({})))
        with pytest.raises(ExchangeTimeoutError):
            exchange.receive(asked[-1], soon())
    assert exchange.overdue() > 0
    asked.append(exchange.send(Message({})))
    for number in asked:
        send(other, Message({"a": number, "id": number}))
    assert exchange.overdue() == 0  # something has arrived
    assert exchange.receive(asked[-1], soon(60)).header["a"] == asked[-1]
    assert exchange.overdue() == 0


def test_a_part_of_an_answer_is_kept(both: tuple[Exchange, socket, int]) -> None:
    exchange, other, _ = both
    late = exchange.send(Message({}))
    whole = b"".join(bytes(part) for part in _parts(Message({"a": 1, "id": late})))
    other.sendall(whole[:7])
    with pytest.raises(ExchangeTimeoutError):
        exchange.receive(late, soon())
    number = exchange.send(Message({}))
    other.sendall(whole[7:])
    send(other, Message({"a": 2, "id": number}))
    assert exchange.receive(number, soon(60)).header["a"] == 2


def test_a_short_request_is_announced_and_has_a_short_answer(
    both: tuple[Exchange, socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, other, _ = both
    monkeypatch.setattr(exchange, "_short_wait", ShortWait(2, LOOK_SECONDS))
    exchange.announce()
    assert other.recv(100) == ANNOUNCEMENT
    number = exchange.send(ShortRequest(1, [["a"]]))
    (asked,) = MessageDecoder(forms={REQUEST: read_request}).feed(other.recv(1000))
    assert (asked.header["short"], asked.header["values"]) == (number, [["a"]])
    send(other, answer_to_flow(number, Predictions([0.5], None), 0.1, 2.0))
    assert exchange.receive(number, None).header["predictions"].labels == [0.5]


def test_nothing_is_announced_where_looking_does_not_pay(
    both: tuple[Exchange, socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, other, _ = both
    monkeypatch.setattr(exchange, "_short_wait", ShortWait(1, LOOK_SECONDS))
    exchange.announce()
    other.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.recv(100)


def test_the_end_of_the_other_process_is_seen_when_a_request_is_announced(
    both: tuple[Exchange, socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, other, _ = both
    monkeypatch.setattr(exchange, "_short_wait", ShortWait(2, LOOK_SECONDS))
    other.close()
    with pytest.raises(ExchangeEndedError):
        exchange.announce()


@pytest.mark.parametrize("header", [{}, {"id": 7}, {"id": [0]}, {"id": True}, {"id": None}])
def test_an_answer_to_no_request_ends_it(
    both: tuple[Exchange, socket, int], header: dict[str, object]
) -> None:
    exchange, other, _ = both
    exchange.send(Message({}))  # 0
    number = exchange.send(Message({}))
    send(other, Message(header))
    with pytest.raises(ExchangeEndedError) as ended:
        exchange.receive(number, soon(60))
    assert ended.value.why == GARBAGE


def test_a_request_that_is_not_read_has_a_time_limit(both: tuple[Exchange, socket, int]) -> None:
    exchange, _other, _ = both
    with pytest.raises(ExchangeTimeoutError):
        exchange.send(Message({}, [bytes(4 << 20)]), soon())


def test_a_large_request_is_sent_while_it_is_read(both: tuple[Exchange, socket, int]) -> None:
    exchange, other, _ = both
    read: list[Message | None] = []
    reader = threading.Thread(target=lambda: read.append(receive(other)))
    reader.start()
    exchange.send(Message({}, [bytes(4 << 20)]), soon(30))
    reader.join()
    assert read[0] is not None
    assert len(read[0].buffers[0]) == 4 << 20


def _parts(message: Message) -> list[bytes]:
    from modelhost.wire import encoded

    return [bytes(part) for part in encoded(message)]


def test_the_end_of_the_process_is_seen_though_its_child_has_the_connection(
    both: tuple[Exchange, socket, int],
) -> None:
    exchange, _other, stop = both  # the other end stays open
    threading.Timer(0.05, os.close, [stop]).start()
    with pytest.raises(ExchangeEndedError):
        exchange.receive(0, soon(60))


@pytest.mark.parametrize(
    ("sent", "why"),
    [(b"", None), (b"MHW1", None), (b"GET / HTTP/1.1\r\n\r\n0123456789", GARBAGE)],
)
def test_an_end_or_something_else_ends_it(
    both: tuple[Exchange, socket, int], sent: bytes, why: str | None
) -> None:
    exchange, other, _ = both
    other.sendall(sent)
    other.close()
    with pytest.raises(ExchangeEndedError) as ended:
        exchange.receive(0, soon(60))
    assert ended.value.why == why
