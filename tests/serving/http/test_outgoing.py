"""The client of a server's own requests; serving/shadow/test_challenger.py has broken answers."""

from __future__ import annotations

import asyncio

import pytest
from challengers import raw_server

from serving.http.outgoing import BROKEN, OutgoingAddress, OutgoingAnswer, OutgoingConnection


def post(url: str, most: int = 1000) -> OutgoingAnswer:
    async def run() -> OutgoingAnswer:
        address = OutgoingAddress.of(url)
        connection = OutgoingConnection(address, most)
        try:
            return await connection.post(address.head(2, {"x-one": "1"}) + b"{}")
        finally:
            connection.close()

    return asyncio.run(run())


def test_status_headers_and_body() -> None:
    raw = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\ncontent-length: 5\r\n\r\nlater"
    with raw_server(raw) as url:
        found = post(url)
    assert (found.status, found.headers["retry-after"], found.body) == (429, "7", b"later")


def test_a_redirect_is_an_answer() -> None:
    raw = b"HTTP/1.1 307 There\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with raw_server(raw) as url:
        assert post(url).status == 307


def test_a_large_answer_is_not_read() -> None:
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n" + b"x" * 2000
    with raw_server(raw) as url, pytest.raises(BROKEN, match="at most 1000 bytes"):
        post(url)


def test_the_head_names_host_path_and_query() -> None:
    head = OutgoingAddress.of("http://[::1]/v1/metrics?x=1").head(3, {"a": "b"})
    assert head == (
        b"POST /v1/metrics?x=1 HTTP/1.1\r\nhost: [::1]:80\r\ncontent-length: 3\r\na: b\r\n\r\n"
    )
    assert OutgoingAddress.of("https://a").tls is not None
    assert OutgoingAddress.of("https://a").port == 443
