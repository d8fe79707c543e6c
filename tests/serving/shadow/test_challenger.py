"""The client of a challenger's server, against real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from challengers import Challenger, challenger, predicting, raw_server
from serving_helpers import free_port

from serving.shadow.challenger import (
    ChallengerAddress,
    ChallengerConnection,
    ChallengerError,
    RowsRefusedError,
)
from serving.shadow.settings import ShadowSettings

BODY = json.dumps({"rows": [{"x": 1}]}).encode()


def address(url: str, key: Path | None = None, seconds: float = 5.0) -> ChallengerAddress:
    return ChallengerAddress.of(ShadowSettings(f"{url}/predict", 1.0, seconds, 10, key, 10))


def post(url: str, times: int = 1, key: Path | None = None, seconds: float = 5.0) -> bytes:
    async def run() -> bytes:
        connection = ChallengerConnection(address(url, key, seconds))
        try:
            for _ in range(times):
                found = await connection.post(BODY)
        finally:
            connection.close()
        return found

    return asyncio.run(run())


def sent(one: Challenger) -> dict[str, str]:
    return {name.lower(): text for name, text in one.requests[-1][0].items()}


def test_an_answer_comes_back_and_the_connection_is_kept(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k3y\n")
    with challenger(predicting(lambda _: "a")) as one:
        document = json.loads(post(one.url, 3, key))
        assert document["predictions"] == [{"prediction": "a", "flags": []}]
        assert len(one.requests) == 3
        assert sent(one)["authorization"] == "Bearer k3y"
        assert sent(one)["x-model-shadow"] == "1"


def test_a_connection_that_was_closed_while_idle_is_made_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    with raw_server(answer) as url:  # closes after each answer, without saying so
        assert post(url, 3) == b"{}"


def test_chunked_answers_are_read() -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    with raw_server(answer) as url:
        assert post(url) == b"{}"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "ended before the answer was complete"),
        (b"\x00\xffnoise\r\n\r\n", "HttpParser"),
        (b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", "expected status 200, got 503"),
        (b"HTTP/1.1 302 No\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", "got 302"),
    ],
)
def test_anything_else_is_an_error_with_its_reason(answer: bytes, message: str) -> None:
    with raw_server(answer) as url, pytest.raises(ChallengerError) as error:
        post(url)
    assert message in f"{error.value} {type(error.value.__cause__).__name__}"


def test_a_refusal_names_code_and_column_but_no_value() -> None:
    error = {"code": "invalid_row", "column": "x", "got": "secret", "message": "secret"}
    body = json.dumps({"error": error}).encode()
    answer = b"HTTP/1.1 422 No\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    with raw_server(answer) as url, pytest.raises(RowsRefusedError) as refused:
        post(url)
    assert str(refused.value) == "expected status 200, got 422 (invalid_row, x)"


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"error": 1}', b"\xff", b'{"error": {"code": 1}}'])
def test_a_refusal_of_another_form_has_no_reason(body: bytes) -> None:
    answer = b"HTTP/1.1 400 No\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    with raw_server(answer) as url, pytest.raises(RowsRefusedError, match="got 400"):
        post(url)


def test_bytes_that_drip_end_at_the_deadline_of_the_whole_answer() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n" * 100, pause=0.05) as url:
        started = time.monotonic()
        with pytest.raises(ChallengerError, match=r"no answer within 0.3 s"):
            post(url, seconds=0.3)
        assert time.monotonic() - started < 40  # the whole takes 85


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.shadow.challenger.MAX_ANSWER_BYTES", 10_000)
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n" + bytes(20_000)
    with raw_server(answer) as url, pytest.raises(ChallengerError, match="at most 10000 bytes"):
        post(url)


def test_a_port_without_a_server_and_a_key_file_that_is_gone(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ChallengerError, match="Connect call failed"):
        post(url)
    with pytest.raises(ChallengerError, match="MODEL_SHADOW_TOKEN_FILE: expected a readable file"):
        post(url, key=tmp_path / "gone")


def test_the_port_and_the_host_header() -> None:
    assert address("http://a").server.port == 80
    assert address("https://a").server.port == 443
    assert b"\r\nhost: [::1]:3000\r\n" in address("http://[::1]:3000").head(1)
    assert address("https://a").server.tls is not None
