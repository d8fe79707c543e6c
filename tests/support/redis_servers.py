"""Real Redis servers on free ports of 127.0.0.1."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitoring.feedback.token_store import DAY, Token

START_SECONDS = 60

Stop = Callable[[], None]


@contextmanager
def redis_servers(folder: Path) -> Iterator[Callable[[], tuple[str, Stop]]]:
    """A function that starts a server and returns its URL and a stop function; all are stopped."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server")
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[str, Stop]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = listening.getsockname()[1]
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        started.append(process)
        _wait(port)

        def stop() -> None:
            process.kill()
            process.wait()

        return f"redis://127.0.0.1:{port}/0", stop

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("redis-server did not start")


SECRET = "pa/ss#w?rd"


IN_URL = "pa%2Fss%23w%3Frd"
"""``SECRET``, escaped for a URL."""


NOW = 20_000 * DAY + 100


TOKENS: list[Token] = [(NOW, bytes([n] * 8)) for n in range(3)]


Answer = Callable[[socket.socket, bytes], None]
"""A scripted server's reaction to a command on a connection."""


def malicious_redis(evil: bytes) -> Answer:
    """A server that accepts the login and the probe, and answers scripts with ``evil``."""

    def answer(one: socket.socket, command: bytes) -> None:
        if b"EVAL" not in command.upper():
            one.sendall(b"+OK\r\n" * command.count(b"*"))
        else:
            one.sendall(b"$1\r\nx\r\n" if b":probe" in command else evil)

    return answer
