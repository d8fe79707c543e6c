"""The load generator, against small scripted servers."""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st
from scripted_server import OK, listening

from packager.run.bench.load import Load, quantile

BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


def test_every_client_asks_in_turn_and_every_answer_is_counted() -> None:
    seen: set[bytes] = set()

    def answer(client: socket.socket, request: bytes) -> bool:
        seen.add(request)
        client.sendall(OK[:20])
        client.sendall(OK[20:])  # an answer in two pieces is one answer
        return True

    requests = [b"a", b"b", b"c"]
    with listening(answer) as address:
        load = Load(address, 2, requests)
        measured = load.run(0.2)
        load.close()
    assert seen == set(requests)
    assert measured.statuses == {"200": len(measured.latencies)}
    assert len(measured.latencies) > 3
    assert measured.broken == 0


def test_other_statuses_and_closed_connections_are_counted_apart() -> None:
    turn = iter([BUSY, OK, None, b"HTTP/1.1 200 OK\r\n\r\n"])

    def answer(client: socket.socket, request: bytes) -> bool:
        text = next(turn, OK)
        if text is None:
            return False
        client.sendall(text)
        return True

    with listening(answer) as address:
        load = Load(address, 1, [b"a"])
        measured = load.run(0.3)
        load.close()
    assert measured.statuses["503"] == 1
    assert measured.statuses["200"] > 1
    assert measured.broken == 2


@given(st.lists(st.floats(0, 1), min_size=1), st.sampled_from([0.01, 0.5, 0.99, 1.0]))
def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[float], share: float
) -> None:
    ordered = sorted(values)
    found = quantile(ordered, share)
    assert found in ordered
    assert sum(value <= found for value in ordered) >= share * len(ordered)
    assert sum(value < found for value in ordered) < share * len(ordered)


def test_a_quantile_of_nothing_is_none() -> None:
    assert quantile([], 0.5) is None
