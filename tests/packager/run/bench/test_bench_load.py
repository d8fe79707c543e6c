"""The load generator, against small servers that do as they are told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError, UsageError
from packager.run.bench.generator import Target, generator
from packager.run.bench.load import Load, quantile

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


@contextmanager
def listening(answer: Callable[[socket.socket, bytes], bool]) -> Iterator[tuple[str, int]]:
    """A server that calls ``answer`` with every request's bytes until it says no."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with client:
            while (received := client.recv(65_536)) and answer(client, received):
                pass

    def accept() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def url(address: tuple[str, int]) -> str:
    return f"http://{address[0]}:{address[1]}"


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


def test_the_generator_warms_up_then_measures_in_a_process_of_its_own() -> None:
    seen = []

    def answer(client: socket.socket, request: bytes) -> bool:
        seen.append(request)
        client.sendall(OK)
        return True

    with listening(answer) as address:
        target = Target(url(address) + "/model/", "secret")
        with generator(target, [b'{"rows":[]}'], 3, 0.2, 0.1) as load:
            warmed = len(seen)
            assert warmed > 0
            answered = load.measure()
    assert answered.requests > 0
    assert answered.statuses == {"200": answered.requests}
    assert answered.p50 is not None
    assert answered.p99 is not None
    assert answered.p50 <= answered.p99
    assert seen[0].startswith(b"POST /model/predict HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret\r\n" in seen[0]
    assert seen[0].endswith(b'Content-Length: 11\r\n\r\n{"rows":[]}')


def test_a_server_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(PackageError, match="the load generator ended early: ConnectionRefused"),
        generator(Target("http://127.0.0.1:1", None), [b"{}"], 1, 0.1, 0.1),
    ):
        pass


def test_only_plain_http_is_measured() -> None:
    with pytest.raises(UsageError, match="expected an http:// address, got https"):
        _ = Target("https://127.0.0.1:1", None).address


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
