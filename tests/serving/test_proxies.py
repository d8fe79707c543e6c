"""``Upgrade`` headers and ambiguous framing, without a proxy and behind proxies.

Every request has an id that its answer repeats. Whatever a body holds, there is at most one answer
per request, each with the id of a request that was sent, in their order; and another client, whose
requests share the proxy's connection to the server, gets only its own answers.
"""

from __future__ import annotations

import json
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from proxies import CONFIGURATIONS, exchanged, installed, proxy
from serving_helpers import Server

pytestmark = pytest.mark.server

ID = re.compile(rb"^x-request-id: ([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
STATUS = re.compile(rb"HTTP/1\.1 (?!100 )(\d{3}) ")
ROW = {"carat": 0.5, "color": "E", "tables": 55}
GOOD = json.dumps({"rows": [ROW]}).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Request-Id: %b\r\n%bContent-Length: %d\r\n\r\n"
INNER = b"GET /schema HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\n\r\n"
OFFERS = (
    b"",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    b"Connection: upgrade\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n",
    b"Upgrade: h2c\r\n",
    b"Connection: keep-alive, Upgrade\r\nUpgrade: no/such\r\nUpgrade: h2c\r\n",
)
# Each is a body's framing that some parsers read otherwise; {n} bytes, chunked, or neither.
FRAMINGS = (
    b"Content-Length: {n}\r\n",
    b"Transfer-Encoding: chunked\r\n",
)
DOUBTFUL = (
    b"Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    b"Content-Length: {n}\r\nContent-Length: 0\r\n",
    b"Content-Length: +{n}\r\n",
    b"Content-Length: 0, {n}\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: identity\r\nContent-Length: {n}\r\n",
    b"X: y\nContent-Length: {n}\r\n",
    b"Content-Length: 0\r\n\tContent-Length: {n}\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
)


@dataclass(frozen=True)
class Sent:
    raw: bytes
    id: bytes


def chunks(body: bytes, chance: random.Random) -> bytes:
    cut = chance.randint(0, len(body))
    parts = [part for part in (body[:cut], body[cut:]) if part]
    extension = chance.choice([b"", b"", b";a=b"])
    trailer = chance.choice([b"", b"", b"X-Trailer: a\r\n"])
    return (
        b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
        + b"0\r\n%b\r\n" % trailer
    )


def request(number: int, chance: random.Random, *, doubtful: bool) -> Sent:
    """A request with an offer; its body is a row, a request, or both."""
    body = chance.choice([GOOD, INNER, GOOD + INNER, b""])
    framing = chance.choice(DOUBTFUL if doubtful else FRAMINGS)
    chunked = b"chunked" in framing.lower() and not framing.startswith(b"Content-Length: {n}")
    name = b"r%d" % number
    expect = chance.choice([b"", b"", b"", b"Expect: 100-continue\r\n"])
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Request-Id: %b\r\n%b%b%b\r\n" % (
        name,
        chance.choice(OFFERS),
        expect,
        framing.replace(b"{n}", b"%d" % len(body)),
    )
    return Sent(head + (chunks(body, chance) if chunked else body), name)


def whole(port: int, sent: list[Sent], pieces: list[bytes]) -> bytes:
    """As ``exchanged``, until there are as many answers as there can be."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place, piece in enumerate(pieces):
            if place:
                time.sleep(0.002)
            connection.sendall(piece)
        while len(STATUS.findall(received)) < len(sent):
            piece = connection.recv(1 << 16)
            if not piece:
                break
            received += piece
        connection.settimeout(0.02)
        try:
            while piece := connection.recv(1 << 16):
                received += piece
        except TimeoutError:
            pass
    return bytes(received)


def cut(raw: bytes, chance: random.Random) -> list[bytes]:
    places = sorted(chance.randint(1, len(raw) - 1) for _ in range(chance.choice([0, 1, 1, 3])))
    ends = [0, *places, len(raw)]
    return [raw[start:end] for start, end in pairwise(ends) if start < end]


def assert_own(received: bytes, sent: list[Sent]) -> None:
    """No more answers than requests, and each the answer to one of them, in their order."""
    ids = [found for found in ID.findall(received) if not re.fullmatch(rb"[\da-f]{12}-.*", found)]
    assert len(STATUS.findall(received)) <= len(sent), received
    assert b"smuggled" not in received, received
    known = [one.id for one in sent]
    assert ids == [name for name in known if name in ids], (ids, known)


class OtherClient(threading.Thread):
    """Somebody else, who asks plain questions through the same proxy all the time."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.ending = threading.Event()
        self.port, self.asked, self.wrong = port, 0, list[bytes]()

    def run(self) -> None:
        while not self.ending.is_set():
            self.asked += 1
            name = b"other-client-%d" % self.asked
            asked = HEAD % (name, b"Connection: close\r\n", len(GOOD)) + GOOD
            received = whole(self.port, [Sent(asked, name)], [asked])
            if ID.findall(received) != [name] or STATUS.findall(received) != [b"200"]:
                self.wrong.append(received)


@pytest.fixture(scope="module", params=["alone", *CONFIGURATIONS])
def port(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """Where to ask: the server itself, or a proxy in front of it."""
    if request.param == "alone":
        yield server.port
        return
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    folder: Path = tmp_path_factory.mktemp(request.param)
    with proxy(request.param, server.port, folder) as found:
        yield found


@pytest.fixture
def other_client(port: int) -> Iterator[None]:
    other = OtherClient(port)
    other.start()
    yield
    until = time.monotonic() + 60
    while other.asked <= 3 and time.monotonic() < until:
        time.sleep(0.01)
    other.ending.set()
    other.join(60)
    assert other.asked > 3
    assert other.wrong == []


@pytest.mark.usefixtures("other_client")
def test_every_request_with_an_offer_gets_its_own_answer(port: int) -> None:
    chance = random.Random(11)
    number = 0
    while number < 250:
        sent = []
        for _ in range(chance.choice([1, 1, 2, 5])):
            number += 1
            sent.append(request(number, chance, doubtful=False))
        received = whole(port, sent, cut(b"".join(one.raw for one in sent), chance))
        assert_own(received, sent)
        assert len(STATUS.findall(received)) == len(sent), (received, sent)


def test_an_offer_is_cut_at_every_byte(port: int) -> None:
    for number, offer in enumerate(OFFERS[1:4]):
        for body, status in ((GOOD, b"200"), (INNER, b"400")):
            one = Sent(HEAD % (b"c%d" % number, offer, len(body)) + body, b"c%d" % number)
            for place in range(1, len(one.raw), 2 if body is INNER else 11):
                received = whole(port, [one], [one.raw[:place], one.raw[place:]])
                assert_own(received, [one])
                assert STATUS.findall(received) == [status], (place, received)


@pytest.mark.usefixtures("other_client")
def test_framing_that_can_be_read_in_two_ways_gets_no_second_answer(port: int) -> None:
    chance = random.Random(5)
    for number in range(150):
        one = request(number, chance, doubtful=True)
        received = exchanged(port, cut(one.raw, chance), 0.05)
        assert_own(received, [one])


@pytest.mark.parametrize(
    "raw",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER,
        b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n" + INNER,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + INNER,
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + INNER,
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n" + INNER,
        b"GET /schema HTTP/1.1\r\nHost : x\r\nContent-Length: 5\r\n\r\n" + INNER,
    ],
)
def test_what_is_not_understood_ends_the_connection(
    port: int, raw: bytes, request: pytest.FixtureRequest
) -> None:
    if raw.startswith(b"CONNECT") and "haproxy" in request.node.name:
        pytest.skip("haproxy takes what follows a refused CONNECT for the client's next request")
    received = exchanged(port, [raw], 0.3)
    assert b"smuggled" not in received
    assert len(STATUS.findall(received)) <= 1
    assert all(not status.startswith(b"2") for status in STATUS.findall(received))
