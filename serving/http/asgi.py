"""Reads request bodies and sends answers through ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from serving.http.logs import Trace
from serving.http.messages import RequestError, Response

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]

MIN_HELD_BYTES = 1 << 18
"""Smaller bodies are bounded by the number of requests that may wait."""
RETRY_AFTER = {"Retry-After": "1"}
_JSON = (b"content-type", b"application/json")
_CLOSE = (b"connection", b"close")


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
        """The body; raises ``RequestError`` as soon as a bound is exceeded."""
        encoding = headers.get(b"content-encoding")
        if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
            raise RequestError(
                400, "content_encoding", "the body is compressed", expected="no Content-Encoding"
            )
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > self._limit:
            raise self._too_large()
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            self.check_size(len(body))
            return body
        return await self._rest(body, receive)

    async def _rest(self, first: bytes, receive: Receive) -> bytes:
        chunks, size = [], 0
        message: Message = {"body": first, "more_body": True}
        try:
            while True:
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self._room -= len(chunk)
                self.check_size(size)
                if self._room < 0:
                    raise _overloaded("too many bodies are being read")
                if not message.get("more_body", False):
                    return b"".join(chunks)
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
        finally:
            self._room += size

    def _too_large(self) -> RequestError:
        expected = f"<= {self._limit} bytes"
        return RequestError(413, "too_large", "the body is too large", expected=expected)


def _overloaded(message: str) -> RequestError:
    return RequestError(503, "overloaded", message, headers=RETRY_AFTER)


async def send_response(send: Send, response: Response, trace: Trace, *, close: bool) -> None:
    """Send ``response``; uvicorn writes header and body at once if they fit.

    ``close``: close the connection after this answer.
    """
    headers = headers_of(response, trace, close=close)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def headers_of(response: Response, trace: Trace, *, close: bool) -> list[tuple[bytes, bytes]]:
    """The headers of ``response``."""
    headers = [
        _JSON
        if response.content_type == "application/json"
        else (b"content-type", response.content_type.encode()),
        (b"content-length", b"%d" % len(response.body)),
        (b"x-request-id", trace.request_id),
    ]
    if trace.traceparent is not None:
        headers.append((b"traceparent", trace.traceparent))
    for name, value in response.headers.items():
        headers.append((name.lower().encode(), value.encode()))
    if close:
        headers.append(_CLOSE)
    return headers


def with_request_id(send: Send, trace: Trace, *, close: bool) -> Send:
    """Wrap ``send`` of another application: it adds the request's id to the response headers."""
    added = [(b"x-request-id", trace.request_id), *([_CLOSE] if close else [])]

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return send_marked
