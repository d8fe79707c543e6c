"""Connections of a shared socket are balanced across workers, and none is lost."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from serving.http import acceptor
from serving.http.acceptor import Acceptor, Closable, listen, stop_listening
from serving.http.worker_table import Workers, make_table


@pytest.fixture
def table() -> Iterator[int]:
    descriptor = make_table()
    yield descriptor
    os.close(descriptor)


class Greeting(Closable):
    """Says a word and goes."""

    word = b"one"

    def connection_made(self, transport: Any) -> None:
        transport.write(self.word)
        transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if self.ended is not None:
            self.ended()


def with_socket(test: Callable[[socket.socket], Awaitable[None]]) -> None:
    """Run ``test`` with a listening socket."""

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            await asyncio.wait_for(test(listening), 20)

    asyncio.run(run())


async def greeted(listening: socket.socket) -> bytes:
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    try:
        return await reader.read()
    finally:
        writer.close()


def test_a_connection_is_answered_and_counted_while_it_lasts(table: int) -> None:
    async def test(listening: socket.socket) -> None:
        workers = Workers(table, 1)
        taking = Acceptor(listening, Greeting, workers, None)
        assert await greeted(listening) == b"one"
        while workers.connections:
            await asyncio.sleep(0.001)
        taking.close()

    with_socket(test)


def test_a_worker_with_more_connections_lets_the_other_go_first(table: int) -> None:
    async def test(listening: socket.socket) -> None:
        busy, idle = Workers(table, 1), Workers(table, 2)
        idle.beat()
        busy.opened()

        class Other(Greeting):
            word = b"two"

        first = Acceptor(listening, Greeting, busy, None)
        second = Acceptor(listening.dup(), Other, idle, None)
        assert [await greeted(listening) for _ in range(5)] == [b"two"] * 5
        first.close()
        second.close()

    with_socket(test)


def test_where_the_other_takes_nothing_it_is_taken_after_its_turn(table: int) -> None:
    async def test(listening: socket.socket) -> None:
        busy, stuck = Workers(table, 1), Workers(table, 2)
        stuck.beat()
        busy.opened()
        taking = Acceptor(listening, Greeting, busy, None)
        assert await greeted(listening) == b"one"
        taking.close()

    with_socket(test)


def test_what_waits_is_taken_before_the_end(table: int) -> None:
    async def test(listening: socket.socket) -> None:
        workers = Workers(table, 1)
        taking = Acceptor(listening, Greeting, workers, None)
        clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
        taking.take_all()
        assert workers.connections == 3
        taking.close()
        for client in clients:
            client.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(client, 9) == b"one"
            client.close()

    with_socket(test)


class Failing:
    """A socket whose next connection fails so."""

    def __init__(self, listening: socket.socket, error: int) -> None:
        self.listening, self.error = listening, error
        self.fileno, self.setblocking = listening.fileno, listening.setblocking

    def accept(self) -> Any:
        raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize(
    ("error", "goes_on", "told"),
    [
        (errno.EMFILE, True, "Too many open files"),
        (errno.ECONNABORTED, True, ""),
        (errno.EINVAL, False, ""),
    ],
)
def test_an_error_of_one_connection_is_not_the_end_of_all(
    table: int, caplog: pytest.LogCaptureFixture, error: int, goes_on: bool, told: str
) -> None:
    async def test(listening: socket.socket) -> None:
        broken: Any = Failing(listening, error)
        taking = Acceptor(broken, Greeting, Workers(table, 1), None)
        taking._accept()
        assert taking._open is goes_on
        taking.close()

    with caplog.at_level(logging.ERROR, "serving"):
        with_socket(test)
    assert told in caplog.text
    assert bool(caplog.text) is bool(told)


def test_a_socket_whose_listening_ended_listens_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        acceptor.refuse_new(listening)
        stop_listening(listening)
        stop_listening(listening)  # another worker was first
        listen(listening, 5)
        with socket.create_connection(listening.getsockname(), timeout=5):
            pass
