"""Reads request bodies and sends answers through ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextlib import contextmanager
from typing import Any

from serving.http.decoding import Decoder, content_coding
from serving.http.logs import Trace
from serving.http.messages import RequestError, Response

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]

MIN_HELD_BYTES = 1 << 18
"""Smaller bodies are bounded by the number of requests that may wait."""
RETRY_AFTER = {"Retry-After": "1"}
_JSON = (b"content-type", b"application/json")
_CLOSE = (b"connection", b"close")
_WITHOUT_CONTENT = (204, 304)
"""Statuses of answers that have neither a body nor its type and length."""


class DisconnectedError(Exception):
    """The client disconnected before its request was complete."""


class BodyReader:
    """Reads bodies, with a bound on the size of each and of all that are being read or answered."""

    def __init__(self, limit: int) -> None:
        """``limit``: bytes of one body; all large ones together may hold four times that."""
        self._limit = limit
        self._room = 4 * limit

    @contextmanager
    def held(self, body: bytes) -> Iterator[None]:
        """Count a large body as held while its request is answered; raises ``RequestError``."""
        size = len(body) if len(body) >= MIN_HELD_BYTES else 0
        self._room -= size
        try:
            if size and self._room < 0:
                raise _overloaded("too many large bodies wait for their answers")
            yield
        finally:
            self._room += size

    def take(self, size: int) -> None:
        """Count ``size`` more bytes as being read; raises ``RequestError`` if there is no room.

        They are to be given back also then.
        """
        self._room -= size
        if self._room < 0:
            raise _overloaded("too many bodies are being read")

    def give_back(self, size: int) -> None:
        """Count ``size`` bytes no more."""
        self._room += size

    def check_size(self, size: int) -> None:
        """Raise ``RequestError`` for a body of more bytes than the limit."""
        if size > self._limit:
            raise self._too_large()

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body, decoded; raises ``RequestError`` as soon as a bound is exceeded."""
        coding = content_coding(headers.get(b"content-encoding"))
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > self._limit:
            raise self._too_large()
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        body: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        if coding is None and not more:
            self.check_size(len(body))
            return body
        chunks = _chunks(body, receive if more else None)
        return await self._joined(self._decoded(chunks, coding) if coding else chunks)

    async def decoded(self, body: bytes, coding: str) -> bytes:
        """A body that has arrived whole, decoded; raises ``RequestError`` as ``read`` does."""
        return await self._joined(self._decoded(_chunks(body, None), coding))

    async def _joined(self, chunks: AsyncGenerator[bytes, None]) -> bytes:
        """The body in ``chunks``, each counted as soon as it is there.

        Nothing is left of them afterwards, even if a traceback holds this frame.
        """
        received, size = [], 0
        try:
            async for chunk in chunks:
                received.append(chunk)
                size += len(chunk)
                self._room -= len(chunk)
                self.check_size(size)
                if self._room < 0:
                    raise _overloaded("too many bodies are being read")
            return b"".join(received)
        finally:
            self._room += size
            received.clear()
            await chunks.aclose()

    async def _decoded(
        self, chunks: AsyncIterator[bytes], coding: str
    ) -> AsyncGenerator[bytes, None]:
        """The content of compressed chunks, in pieces; all but the first decoded in a thread."""
        decoder, encoded, inline = Decoder(coding), 0, True
        async for chunk in chunks:
            encoded += len(chunk)
            if encoded > self._limit:  # without output, as of empty blocks
                raise self._too_large()
            decoder.feed(chunk)
            while piece := (decoder.piece() if inline else await asyncio.to_thread(decoder.piece)):
                yield piece
                inline = False
        decoder.finish()

    def _too_large(self) -> RequestError:
        expected = f"<= {self._limit} bytes"
        return RequestError(413, "too_large", "the body is too large", expected=expected)


def _overloaded(message: str) -> RequestError:
    return RequestError(503, "overloaded", message, headers=RETRY_AFTER)


async def _chunks(first: bytes, receive: Receive | None) -> AsyncGenerator[bytes, None]:
    """The chunks of a body; without ``receive`` the first is the only one."""
    yield first
    while receive is not None:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def combined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; lines of codings are one list (RFC 9110, 5.3), of others the last counts."""
    lines = list(headers)
    by_name = dict(lines)
    if b"content-encoding" in by_name:
        codings = (value for name, value in lines if name == b"content-encoding")
        by_name[b"content-encoding"] = b",".join(codings)
    return by_name


async def send_response(send: Send, response: Response, headers: Headers) -> None:
    """Send ``response`` with ``headers``; uvicorn writes both at once if they fit."""
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def headers_of(response: Response, trace: Trace, *, close: bool) -> Headers:
    """The headers of ``response``; ``close``: close the connection after it."""
    headers = [
        _JSON
        if response.content_type == "application/json"
        else (b"content-type", response.content_type.encode()),
        (b"content-length", b"%d" % len(response.body)),
        (b"x-request-id", trace.request_id),
    ]
    if response.status in _WITHOUT_CONTENT:
        del headers[:2]
    if trace.traceparent is not None:
        headers.append((b"traceparent", trace.traceparent))
    for name, value in response.headers.items():
        headers.append((name.lower().encode(), value.encode()))
    if close:
        headers.append(_CLOSE)
    return headers
