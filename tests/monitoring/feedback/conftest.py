"""A Redis server with answers defined by the test, and clients with a short timeout."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from redis_servers import IN_URL, Answer


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client neither tries again nor waits for seconds."""
    monkeypatch.setattr("monitoring.feedback.redis_store.RETRY_SECONDS", 0.0)
    monkeypatch.setattr("monitoring.feedback.redis_client.WAIT_SECONDS", 0.5)


@pytest.fixture(autouse=True)
def _no_pending_lookups() -> Iterator[None]:
    """Wait for a test's threads that connect: the next test needs their few places."""
    yield
    for thread in threading.enumerate():
        if thread.name == "redis-connect":
            thread.join(60)


@pytest.fixture
def scripted_redis() -> Iterator[Callable[[Answer], str]]:
    """Start a server that answers every command by a function; its URL."""
    listening = socket.create_server(("127.0.0.1", 0))

    def start(answer: Answer) -> str:
        def serve(one: socket.socket) -> None:
            with one:
                try:
                    while part := one.recv(1 << 16):
                        answer(one, part)
                except OSError:
                    pass

        def accept() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(one,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"redis://:{IN_URL}@127.0.0.1:{listening.getsockname()[1]}/0"

    yield start
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
