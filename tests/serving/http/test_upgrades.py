"""``Upgrade`` headers are ignored: one answer per request, always its own."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from echo_server import Echo, answer, request, run_scenario
from hypothesis import given
from hypothesis import strategies as st

from serving.http.upgrades import without_offers

OFFERS = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n",
    b"upgrade: TLS/1.2, HTTP/1.1\r\nconnection:upgrade\r\n",
    b"Connection: upgrade\r\nConnection: x\r\nUpgrade: what/ever\r\n",
)
INNER = b"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n"


def chunked(body: bytes, more: bytes) -> bytes:
    head = b"POST /other HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + more + b"\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


async def all_of(reader: asyncio.StreamReader) -> list[int]:
    """The status codes of everything that comes until the connection is quiet or ends."""
    received = b""
    try:
        while piece := await asyncio.wait_for(reader.read(1 << 16), 0.3):
            received += piece
    except (TimeoutError, ConnectionError):
        pass
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("offer", OFFERS)
def test_a_body_is_read_wherever_the_bytes_are_cut(offer: bytes) -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = request(INNER, offer)
        for cut in range(1, len(sent), 3):
            writer.write(sent[:cut])
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            writer.write(sent[cut:])
            assert (await answer(reader))[1] == INNER
        writer.write(chunked(INNER, offer) + request(b"next", offer) + request(b"last"))
        assert [(await answer(reader))[1] for _ in range(3)] == [INNER, b"next", b"last"]

    run_scenario(scenario)


def test_an_offer_does_not_keep_a_request_from_the_shortcut() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"a", OFFERS[0]))
        assert await answer(reader) == (b"direct", b"a")

    run_scenario(scenario)


def test_many_offers_in_one_packet_are_each_answered() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies = [b"%d" % number for number in range(40)]
        writer.write(b"".join(map(request, bodies, itertools.cycle(OFFERS))))
        assert [(await answer(reader))[1] for _ in bodies] == bodies

    run_scenario(scenario)


@pytest.mark.parametrize(
    "behind", [b"CONNECT other:443 HTTP/1.1\r\nHost: other\r\n\r\n", b"\x16\x03\x01", b"PRI * "]
)
def test_what_is_no_request_ends_the_connection_after_the_answers_that_are_due(
    behind: bytes,
) -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"wait") + request(b"wait too") + behind + b"\r\n\r\n" + INNER)
        assert [(await answer(reader))[1] for _ in range(2)] == [b"wait", b"wait too"]
        assert await reader.read() == b""

    run_scenario(scenario)


@pytest.mark.parametrize("first", [b"", b"wait"])
def test_a_body_that_breaks_is_refused_or_never_answered(first: bytes) -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broken = chunked(b"a", b"").replace(b"1\r\na", b"zz\r\na") + INNER
        writer.write((request(first) if first else b"") + broken)
        assert await all_of(reader) == ([200] if first else [400])

    run_scenario(scenario)


def test_a_tunnel_is_refused_and_nothing_behind_it_is_parsed() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"CONNECT other:443 HTTP/1.1\r\nHost: other\r\n\r\n" + INNER)
        assert await all_of(reader) == [400]

    run_scenario(scenario)


tokens = st.sampled_from([b"keep-alive", b"Upgrade", b"HTTP2-Settings", b"close", b"x"])


@given(st.lists(tokens, max_size=5))
def test_only_the_offer_is_taken_out_of_connection(values: list[bytes]) -> None:
    headers = [(b"host", b"x"), (b"connection", b" , ".join(values)), (b"upgrade", b"h2c")]
    left = dict(without_offers(headers))
    found = [token.strip() for token in left.get(b"connection", b"").split(b",") if token.strip()]
    assert found == [v for v in values if v.lower() not in (b"upgrade", b"http2-settings")]
    assert left[b"host"] == b"x"
    assert b"upgrade" not in left


def test_the_same_over_asgi() -> None:
    echo = Echo()

    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"wait", OFFERS[0]) + request(b"wait", OFFERS[1]))
        assert [await answer(reader) for _ in range(2)] == [(b"asgi", b"wait")] * 2

    run_scenario(scenario, echo)
