"""The load generator: a separate process that warms up, then measures."""

from __future__ import annotations

import socket

import pytest
from scripted_server import OK, listening

from packager.errors import PackageError, UsageError
from packager.run.bench.generator import LoadTarget, generator

pytestmark = pytest.mark.slow


def url(address: tuple[str, int]) -> str:
    return f"http://{address[0]}:{address[1]}"


def test_the_generator_warms_up_then_measures_in_a_process_of_its_own() -> None:
    seen = []

    def answer(client: socket.socket, request: bytes) -> bool:
        seen.append(request)
        client.sendall(OK)
        return True

    with listening(answer) as address:
        target = LoadTarget(url(address) + "/model/", "secret")
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
        generator(LoadTarget("http://127.0.0.1:1", None), [b"{}"], 1, 0.1, 0.1),
    ):
        pass


def test_only_plain_http_is_measured() -> None:
    with pytest.raises(UsageError, match="expected an http:// address, got https"):
        _ = LoadTarget("https://127.0.0.1:1", None).address
