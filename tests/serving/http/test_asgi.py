"""``BodyReader`` bounds each body and all together; answers have their headers."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.asgi import (
    MIN_HELD_BYTES,
    RETRY_AFTER,
    BodyReader,
    DisconnectedError,
    send_response,
    with_request_id,
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


@pytest.mark.parametrize("encoding", [b"gzip", b" br "])
def test_a_compressed_body_is_refused(encoding):
    with pytest.raises(RequestError, match="compressed"):
        reading(headers={b"content-encoding": encoding})
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

    asyncio.run(send_response(send, response, Trace(b"id-1", None), close=close))
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


def test_answers_of_another_application_get_the_request_id_too():
    messages: list[Any] = []

    async def run() -> None:
        async def send(message: Any) -> None:
            messages.append(message)

        marked = with_request_id(send, Trace(b"id-2", None), close=False)
        await marked({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await marked({"type": "http.response.body", "body": b""})

    asyncio.run(run())
    assert messages[0]["headers"] == [(b"a", b"b"), (b"x-request-id", b"id-2")]
    assert "headers" not in messages[1]


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
