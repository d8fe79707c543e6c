"""A server that fails to start reports its own error; a port in use is reported at once."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scripted_server import OK, listening

from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Serve
from packager.progress import NullProgress
from packager.run import serve
from packager.run.serve import ServerProcess, serving
from packager.run.serve_settings import ServeSettings
from packager.worker.processes.run_to_end import start_piped

MANIFEST = SimpleNamespace(serve=Serve(predictor="auto", compile="off", workers=1, strict=False))
REFERENCE: Any = SimpleNamespace(name="shop:1", manifest=MANIFEST)


class Ended:
    """A server that ended with these lines."""

    url, started = "http://127.0.0.1:9", 0.0

    def __init__(self, *lines: str, alive: bool = False) -> None:
        self.lines, self._alive = lines, alive

    def alive(self) -> bool:
        return self._alive

    def follow(self) -> Iterator[str]:
        return iter(self.lines)

    def log(self) -> str:
        return "\n".join(self.lines)


def failure(server: Any) -> PackageError:
    with pytest.raises(PackageError) as caught:
        serve._wait_until_ready(server)
    return caught.value


def test_a_server_that_ended_is_quoted():
    found = failure(Ended("one", "Traceback", "ValueError: wrong"))
    assert "ended before it was ready" in found.message
    assert "ValueError: wrong" in found.message


def test_a_server_that_is_never_ready_is_not_awaited_for_ever(monkeypatch):
    monkeypatch.setattr(serve, "READY_SECONDS", 0.2)
    found = failure(Ended(alive=True))
    assert found.message == "the server is not ready after 0.2 s, and its log is empty"


def test_a_server_that_is_never_ready_is_quoted(monkeypatch):
    monkeypatch.setattr(serve, "READY_SECONDS", 1.0)
    script = (
        "import json, sys, time\n"
        "print(json.dumps({'message': 'worker 1 ended', 'exception': ['KeyError at app.py:3']}))\n"
        "sys.stdout.flush()\n"
        "time.sleep(60)\n"
    )
    process = start_piped([sys.executable, "-c", script])
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 60)[0]  # it has started and written
    try:
        found = failure(ServerProcess(process, 9))
    finally:
        process.kill()
        process.communicate()
    assert found.message == (
        "the server is not ready after 1 s, its log ends with\n"
        "worker 1 ended\n  KeyError at app.py:3"
    )


def test_a_server_that_says_503_is_retried():
    answers = [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", OK]

    def answer(client: socket.socket, _: bytes) -> bool:
        client.sendall(answers.pop(0))
        return False

    with listening(answer) as (host, port):
        server: Any = SimpleNamespace(url=f"http://{host}:{port}", alive=lambda: True)
        serve._wait_until_ready(server)
    assert answers == []


def test_a_taken_port_is_reported_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(PackageError, match=f"port {port} on 127.0.0.1") as caught,
            serving(REFERENCE, None, port, NullProgress()),
        ):
            pass
    assert "--port" in caught.value.hint


def test_a_bound_on_memory_needs_a_container():
    with (
        pytest.raises(UsageError, match="--memory: expected a container"),
        serving(REFERENCE, None, 0, NullProgress(), ServeSettings(memory=10**9)),
    ):
        pass


@pytest.mark.parametrize("deaf", [False, True])
def test_a_process_that_ignores_sigterm_is_killed(monkeypatch, deaf):
    monkeypatch.setattr(serve, "STOP_SECONDS", 0.5 if deaf else 40.0)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " if deaf else ""
    code = f"import signal, time; {ignore}print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    server = ServerProcess(process, 9)
    assert next(server.follow()) == "up"
    assert server.alive()
    before = time.monotonic()
    serve._stop(process)
    assert not server.alive()
    assert time.monotonic() - before < 50  # it would sleep for 60
    assert process.returncode == (-9 if deaf else -15)


def test_a_stop_that_is_interrupted_leaves_no_server(monkeypatch):
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    waits = process.communicate

    def interrupted(timeout=None):
        if timeout is not None:
            raise KeyboardInterrupt
        return waits()

    monkeypatch.setattr(process, "communicate", interrupted)
    serve._stop(process)
    assert process.returncode == -9
