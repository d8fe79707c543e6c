"""Heads that are not parsed again: only of whole requests, only exact bytes, only so many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from echo_server import Echo, answer, request, run_scenario
from uvicorn.protocols.http import httptools_impl

from serving.http import known_heads
from serving.http.known_heads import KnownHeads

HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"


def kept(head: bytes = HEAD, body: bytes = b"abc") -> KnownHeads:
    heads = KnownHeads()
    heads.keep(head + body, b"/a", {b"host": b"x"}, len(body))
    return heads


def test_a_known_head_is_read_with_any_body_of_its_length() -> None:
    known = kept().read(HEAD + b"xyz")
    assert known is not None
    assert (known[0].url, known[0].headers, known[1]) == (b"/a", {b"host": b"x"}, b"xyz")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"xy",
        HEAD + b"wxyz",
        HEAD.replace(b"Host: x", b"Host: y") + b"xyz",
        HEAD[:-2],
        b"\r\n" + HEAD + b"xyz",
        b"",
    ],
)
def test_anything_else_is_left_to_the_parser(data: bytes) -> None:
    assert kept().read(data) is None


def test_a_head_that_does_not_end_with_the_first_empty_line_is_not_kept() -> None:
    lenient = b"POST /a HTTP/1.1\nContent-Length: 7\n\n"
    body = b"a\r\n\r\nbc"
    assert kept(lenient, body).read(lenient + body) is None
    two = HEAD + b"abc" + HEAD
    assert kept(two).read(two + b"abc") is None


def test_long_heads_are_not_kept_and_old_ones_are_left_out() -> None:
    long = HEAD.replace(b"Host: x", b"X: " + b"x" * known_heads.MAX_HEAD_BYTES)
    assert kept(long).read(long + b"abc") is None
    heads = KnownHeads()
    each = [HEAD.replace(b"Host: x", b"X: %d" % at) for at in range(known_heads.MAX_HEADS + 1)]
    for head in each:
        heads.keep(head + b"abc", b"/a", {}, 3)
    assert [heads.read(head + b"abc") is not None for head in each] == [False] + [True] * (
        len(each) - 1
    )


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The URLs of the heads that are parsed."""
    urls: list[bytes] = []
    original = httptools_impl.HttpToolsProtocol.on_url

    def on_url(self: httptools_impl.HttpToolsProtocol, url: bytes) -> None:
        urls.append(url)
        original(self, url)

    monkeypatch.setattr(httptools_impl.HttpToolsProtocol, "on_url", on_url)
    return urls


def test_a_server_parses_equal_heads_once(parsed: list[bytes]) -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in (b"one", b"two", b"six"):
            writer.write(request(body))
            assert await answer(reader) == (b"direct", body)
        assert len(parsed) == 1
        for body in (b"later", b"latex", b"later"):
            writer.write(request(body))
            assert (await answer(reader))[1] == body
        assert len(parsed) == 2

    run_scenario(scenario)


def test_what_the_shortcut_does_not_answer_is_asked_for_once_more_by_asgi() -> None:
    echo = Echo()

    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body, way in ((b"fast", b"direct"), (b"wait", b"asgi"), (b"fast", b"direct")):
            writer.write(request(body))
            assert await answer(reader) == (way, body)
        assert echo.asked == 3

    run_scenario(scenario, echo)


def test_a_known_head_behind_an_open_request_waits_for_its_answer() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"one"))
        await answer(reader)
        writer.write(request(b"later0.05"))
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(request(b"two"))
        assert [(await answer(reader))[1] for _ in range(2)] == [b"later0.05", b"two"]

    run_scenario(scenario)


def test_a_known_head_that_comes_within_a_body_is_part_of_it() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = request(b"one")
        writer.write(inner)
        await answer(reader)
        whole = request(inner)
        writer.write(whole[: -len(inner)])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(inner)
        assert await answer(reader) == (b"asgi", inner)

    run_scenario(scenario)
