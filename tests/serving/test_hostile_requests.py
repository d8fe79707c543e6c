"""Malicious requests, and the answer to each."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from backports import zstd
from serving_helpers import Server, memory

GOOD = b'{"rows": [{"carat": 0.5, "color": "E", "tables": 55}]}'

pytestmark = pytest.mark.server


def post(server: Server, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/predict", body, names)
    reply = connection.getresponse()
    found = json.loads(reply.read())
    connection.close()
    return reply.status, found


def row(**cells: str) -> bytes:
    plain = {"carat": "0.5", "color": '"E"', "tables": "55", **cells}
    text = ",".join(f'"{name}":{cell}' for name, cell in plain.items())
    return b'{"rows":[{%s}]}' % text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("encoding", ["br", "compress", "x, gzip", "gzip, gzip"])
def test_an_encoding_that_is_not_known_is_refused_unopened(server: Server, encoding: str) -> None:
    bomb = gzip.compress(bytes(10_000_000), compresslevel=1)
    status, found = post(server, bomb, Content_Encoding=encoding)
    assert (status, found["error"]["code"]) == (415, "unsupported_encoding")


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(gzip.compress, compresslevel=1),
    "deflate": partial(zlib.compress, level=1),
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("encoding", [*BOMBS])
def test_a_bomb_is_413_with_little_memory(server: Server, encoding: str) -> None:
    post(server, GOOD, Content_Encoding="identity")
    bomb = BOMBS[encoding](bytes(300_000_000))
    before = memory(server)
    for _ in range(4):
        status, found = post(server, bomb, Content_Encoding=encoding)
        assert (status, found["error"]["code"]) == (413, "too_large")
    assert memory(server) - before < 4 * 16 * 1024


def test_identity_is_no_encoding(server: Server) -> None:
    assert post(server, GOOD, Content_Encoding="identity")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        GOOD + b"\x00",
        GOOD + GOOD,
        b'{"rows":' * 100_000,
        b"[" * 100_000,
        row(color='"\udc80"'),
    ],
)
def test_400_for_what_is_not_json(server: Server, body: bytes) -> None:
    status, found = post(server, body)
    assert (status, found["error"]["code"]) == (400, "unreadable_json")


@pytest.mark.parametrize(
    "body",
    [
        row(carat="NaN"),
        row(carat="Infinity"),
        row(color="-Infinity"),
        row(tables="NaN"),
        row(carat="1e400"),
        row(carat="1" + "0" * 400),
        row(carat="18446744073709551617"),
        row(color='"\\ud800"'),
        row(tables="[" * 500 + "]" * 500),
        row(tables='{"a":' * 200 + "1" + "}" * 200),
        row(tables="9223372036854775808"),
    ],
)
def test_422_for_values_no_column_can_hold(server: Server, body: bytes) -> None:
    status, found = post(server, body)
    assert (status, found["error"]["code"]) == (422, "invalid_row")


def test_the_last_of_duplicate_keys_counts(server: Server) -> None:
    twice = row(carat='"text","carat":0.7')
    assert post(server, twice)[0] == 200
    assert post(server, row(carat='0.7,"carat":"text"'))[0] == 422


def test_many_rows_leave_no_memory_behind(server: Server) -> None:
    before = memory(server)
    for rows, status in ((150_000, 422), (1_000_000, 413)):
        body = b'{"rows":[' + b",".join([b"{}"] * rows) + b"]}"
        assert post(server, body)[0] == status
    too_large = b'{"rows":[' + b",".join([row()[9:-2]] * 600_000) + b"]}"
    assert len(too_large) > 16 << 20
    assert post(server, too_large)[0] == 413
    until = time.monotonic() + 30
    while memory(server) - before > 150_000:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert server.request("POST", "/predict", GOOD).status == 200


@pytest.mark.parametrize("path", ["/schema", "/docs", "/docs.json", "/readyz", "/livez", "/ping"])
def test_head_is_answered_like_get_without_a_body(server: Server, path: str) -> None:
    got, head = server.get(path), server.request("HEAD", path)
    assert (head.status, head.body) == (got.status, b"")
    if "content-length" in got.headers:
        assert head.headers["content-length"] == got.headers["content-length"]


def test_chunked_bodies_are_read(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    pieces = [GOOD[at : at + 7] for at in range(0, len(GOOD), 7)]
    connection.request("POST", "/predict", iter(pieces), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_body_that_trickles_is_given_up_at_the_deadline(failing_server: Server) -> None:
    with socket.create_connection(("127.0.0.1", failing_server.port), timeout=60) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n")
        until = time.monotonic() + 60
        connection.settimeout(0.2)
        received = b""
        while not received and time.monotonic() < until:
            connection.sendall(b" ")
            try:
                received = connection.recv(1 << 16)
            except TimeoutError:
                continue
    assert received.startswith(b"HTTP/1.1 504 ")


def test_a_half_closed_connection_does_no_harm(server: Server) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(GOOD)
    for raw in (head + GOOD, head, head[:20]):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            received = connection.recv(1 << 16)
            assert received == b"" or received.startswith(b"HTTP/1.1 ")
    assert server.request("POST", "/predict", GOOD).status == 200


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    one = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD)
    two = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(one + two)
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert received.index(b"HTTP/1.1 200") < received.index(b"HTTP/1.1 404")
