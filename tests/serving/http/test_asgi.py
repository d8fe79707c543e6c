"""``BodyReader`` bounds each body and all together; answers have their headers."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import ExitStack
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from serving.http.asgi import (
    MIN_HELD_BYTES,
    RETRY_AFTER,
    BodyReader,
    DisconnectedError,
    combined,
    headers_of,
    send_response,
)
from serving.http.logs import Trace
from serving.http.messages import RequestError, Response


def reading(*messages: dict[str, Any], headers: dict[bytes, bytes] | None = None, limit: int = 10):
    """What is read of these messages."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return asyncio.run(BodyReader(limit).read(headers or {}, receive))


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=6))
def test_a_body_in_parts_is_joined_or_too_large(parts):
    messages = [part(one, more=place < len(parts) - 1) for place, one in enumerate(parts)]
    whole = b"".join(parts)
    if len(whole) <= 10:
        assert reading(*messages) == whole
    else:
        with pytest.raises(RequestError) as caught:
            reading(*messages)
        assert caught.value.status == 413


@pytest.mark.parametrize("length", [b"11", b"9" * 400])
def test_a_length_beyond_the_bound_is_refused_before_anything_is_read(length):
    with pytest.raises(RequestError) as caught:
        reading(headers={b"content-length": length})
    assert caught.value.status == 413


def packed(body: bytes, coding: bytes = b"gzip", *, limit: int = 10, parts: int = 1) -> bytes:
    """What is read of ``body``, compressed and in ``parts``."""
    whole = gzip.compress(body) if coding == b"gzip" else zstd.compress(body)
    step = len(whole) // parts + 1
    chunks = [whole[start : start + step] for start in range(0, len(whole), step)]
    messages = [part(one, more=place < len(chunks) - 1) for place, one in enumerate(chunks)]
    return reading(*messages, headers={b"content-encoding": coding}, limit=limit)


@pytest.mark.parametrize("coding", [b"gzip", b"zstd"])
@pytest.mark.parametrize("parts", [1, 4])
def test_a_compressed_body_has_the_bound_of_a_plain_one(coding: bytes, parts: int):
    assert packed(b"1" * 400, coding, limit=400, parts=parts) == b"1" * 400
    with pytest.raises(RequestError) as caught:
        packed(b"1" * 401, coding, limit=400, parts=parts)
    assert (caught.value.status, caught.value.code) == (413, "too_large")


def test_data_without_content_are_bounded_too():
    """Empty blocks: no piece comes out of them, whatever their number."""
    stored = b"\x00\x00\x00\xff\xff" * 1_000
    messages = [part(stored, more=True)] * 10
    with pytest.raises(RequestError) as caught:
        reading(*messages, headers={b"content-encoding": b"deflate"}, limit=20_000)
    assert caught.value.status == 413


def test_pieces_beyond_the_first_are_decoded_in_a_thread_and_share_the_bound_of_all():
    body = b"0" * 3_000_000
    assert packed(body, limit=3_000_000, parts=3) == body
    bodies = BodyReader(1_000_000)

    async def run() -> list[Any]:
        refused = asyncio.Event()

        async def one() -> bytes:
            left = [part(gzip.compress(b"0" * 900_000), more=True), part(b"")]

            async def receive() -> dict[str, Any]:
                if not left[0]["more_body"]:
                    await asyncio.wait_for(refused.wait(), 30)
                return left.pop(0)

            try:
                return await bodies.read({b"content-encoding": b"gzip"}, receive)
            except RequestError:
                refused.set()
                raise

        return await asyncio.gather(*(one() for _ in range(5)), return_exceptions=True)

    refused = [found for found in asyncio.run(run()) if isinstance(found, RequestError)]
    assert {found.status for found in refused} == {503}
    assert len(refused) == 1
    assert bodies._room == 4_000_000


def test_an_unknown_coding_is_refused_before_anything_is_read():
    with pytest.raises(RequestError, match="unknown encoding") as caught:
        reading(headers={b"content-encoding": b"br"})
    assert caught.value.status == 415
    assert reading(part(b"x"), headers={b"content-encoding": b" Identity "}) == b"x"


@pytest.mark.parametrize("before", [[], [part(b"x", more=True)]])
def test_a_client_that_went_away_is_distinguished(before):
    with pytest.raises(DisconnectedError):
        reading(*before, {"type": "http.disconnect"})


def test_slow_bodies_share_a_bound_and_give_it_back():
    bodies = BodyReader(10)

    async def run() -> list[Any]:
        stop = asyncio.Event()

        async def slow() -> bytes:
            parts = iter([part(b"123456789", more=True), part(b"")])

            async def receive() -> dict[str, Any]:
                found = next(parts)
                if not found["more_body"]:
                    await stop.wait()
                return found

            return await bodies.read({}, receive)

        tasks = [asyncio.create_task(slow()) for _ in range(5)]
        await asyncio.sleep(0.01)
        stop.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [*found, await slow()]

    *many, last = asyncio.run(run())
    refused = [one for one in many if isinstance(one, RequestError)]
    assert [one.status for one in refused] == [503]
    assert refused[0].headers == {"Retry-After": "1"}
    assert last == b"123456789"


def sent(response: Response, *, close: bool = False) -> tuple[dict[bytes, bytes], bytes]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    headers = headers_of(response, Trace(b"id-1", None), close=close)
    asyncio.run(send_response(send, response, headers))
    head, body = messages
    return dict(head["headers"]), body["body"]


def test_an_answer_has_its_type_length_and_request_id():
    headers, body = sent(Response(200, b"ab", "text/plain", {"Allow": "GET"}), close=True)
    assert body == b"ab"
    assert headers == {
        b"content-type": b"text/plain",
        b"content-length": b"2",
        b"x-request-id": b"id-1",
        b"allow": b"GET",
        b"connection": b"close",
    }


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_has_neither_type_nor_length(status: int):
    headers, body = sent(Response(status, b"", headers={"Allow": "GET"}))
    assert (headers, body) == ({b"x-request-id": b"id-1", b"allow": b"GET"}, b"")


def test_lines_of_codings_are_one_list():
    lines = [(b"content-encoding", b"gzip"), (b"a", b"1"), (b"a", b"2"), (b"b", b"3")]
    assert combined(lines) == {b"content-encoding": b"gzip", b"a": b"2", b"b": b"3"}
    twice = combined([*lines, (b"content-encoding", b"zstd")])
    assert twice[b"content-encoding"] == b"gzip,zstd"


def test_large_bodies_that_wait_for_their_answers_have_a_bound_together():
    size = MIN_HELD_BYTES
    bodies, large, small = BodyReader(size), b"x" * size, b"x" * (size - 1)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(bodies.held(large))
        with pytest.raises(RequestError) as caught, bodies.held(large):
            pass
        assert (caught.value.status, caught.value.code) == (503, "overloaded")
        assert caught.value.headers == RETRY_AFTER
        with bodies.held(small):  # bounded by the number of requests
            pass
    with bodies.held(large):
        pass
