"""Malformed bytes: only documented status codes are returned, and the server keeps running."""

from __future__ import annotations

import random
import re
import socket
import time

import pytest
from serving_helpers import Server, memory

pytestmark = pytest.mark.server

ALLOWED = {200, 204, 400, 401, 404, 405, 413, 415, 422, 500, 503, 504}
PATHS = (
    "/predict",
    "/invocations",
    "/ping",
    "/v2",
    "/v2/health/ready",
    "/v2/models/diamonds",
    "/v2/models/diamonds/infer",
    "/feedback",
    "/schema",
    "/package",
    "/docs",
    "/docs.json",
    "/healthz",
    "/livez",
    "/readyz",
    "/metrics",
)
GOOD = b'{"rows": [{"carat": 0.5, "color": "E", "tables": 55}]}'
SEEDS = (
    GOOD,
    b'{"dataframe_split": {"columns": ["carat", "color", "tables"], "data": [[0.5, "E", 55]]}}',
    b'{"inputs": [{"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]}]}',
    b'[{"token": "AAAA", "actual": "Ideal"}]',
)
PIECES = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"NaN", b"Infinity", b"1e400", b"-0",
    b'"\\ud800"', b"[" * 3_000, b'{"a":' * 3_000, b"9" * 5_000, b"null", b"}", b'"', b",", b"\r\n",
    b'"rows":[],', b'"carat":1,"carat":2,', b"-", b"0x10", b"\\u0000", b"true",
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    body = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(0, 5)):
        at = chance.randint(0, len(body))
        match chance.randint(0, 3):
            case 0:
                body[at:at] = chance.choice(PIECES)
            case 1:
                del body[at : at + chance.randint(1, 12)]
            case 2:
                body[at : at + 1] = bytes([chance.randint(0, 255)])
            case _:
                body[at : at + 4] = body[: chance.randint(0, 20)]
    return bytes(body)


def request(chance: random.Random) -> bytes:
    body = mutated(chance)
    method = chance.choice(["POST", "POST", "POST", "GET", "HEAD", "PUT", "OPTIONS", "TRACE"])
    headers = [f"Host: x\r\nContent-Length: {len(body)}"]
    if chance.random() < 0.3:
        headers.append(
            chance.choice(
                [
                    "Content-Encoding: gzip",
                    "Content-Encoding: deflate",
                    "Content-Encoding: zstd",
                    "Content-Encoding: gzip, zstd",
                    "Accept-Encoding: gzip;q=x, zstd",
                    "Content-Type: application/octet-stream",
                    "Inference-Header-Content-Length: -1",
                    "Inference-Header-Content-Length: 99999999999999999999",
                    "Authorization: Bearer \xff",
                    "traceparent: 00-zz-zz-00",
                    "X-Request-Id: a\tb",
                    "Expect: 100-continue",
                    "Upgrade: websocket\r\nConnection: Upgrade",
                    "Transfer-Encoding: chunked",
                    "Content-Length: 7",
                ]
            )
        )
    path = chance.choice(PATHS) + chance.choice(["", "", "", "?a=b", "/", "%2e", "/..", "%ff"])
    head = f"{method} {path} HTTP/1.1\r\n" + "\r\n".join(headers) + "\r\n\r\n"
    raw = bytearray(head.encode("latin-1") + body)
    if chance.random() < 0.15:  # broken below HTTP too
        for _ in range(3):
            raw[chance.randrange(len(raw))] = chance.randint(0, 255)
    return bytes(raw)


def answer(port: int, raw: bytes) -> bytes:
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            connection.sendall(raw)
            connection.settimeout(0.1)
            while chunk := connection.recv(1 << 16):
                received += chunk
                if b"\r\n\r\n" in received:
                    break
        except (TimeoutError, ConnectionError):
            pass
    return bytes(received)


def test_only_the_named_status_codes_come_back(server: Server) -> None:
    chance = random.Random(7)
    server.is_whole()  # what starts later would count as growth
    server.told(lambda line: re.match(r"model process .* is ready", line["message"]))
    for _ in range(200):  # caches and pools are filled once
        answer(server.port, request(chance))
    before = memory(server)
    usual, seen = {200, 400, 404, 405, 422}, set[int]()
    for number in range(1_500):
        raw = request(chance)
        received = answer(server.port, raw)
        if received.startswith(b"HTTP/1.1 100"):
            received = received.partition(b"\r\n\r\n")[2]
        if received:
            status = int(received.split(None, 2)[1])
            assert status in ALLOWED, (status, raw[:400])
            assert b"Traceback" not in received, raw[:400]
            seen.add(status)
        if number > 300 and usual <= seen:
            break
    assert usual <= seen
    assert server.request("POST", "/predict", GOOD).status == 200
    assert "internal_error" not in server.log.read_text()
    assert memory(server) - before < 40_000


def test_a_head_that_never_ends_is_refused(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        try:
            connection.sendall(b"GET /livez HTTP/1.1\r\n")
            for _ in range(40):
                connection.sendall(b"X-Fill: " + b"a" * 4_000 + b"\r\n")
                time.sleep(0.002)
            received = connection.recv(1 << 16)
        except ConnectionError:
            received = b""
    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
    assert server.get("/livez").status == 200
