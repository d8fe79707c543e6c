"""Writes answers: compressed where the client accepts that, with headers for pages, and counted."""

from __future__ import annotations

from collections.abc import Sequence

from serving.http.asgi import Send, headers_of, send_response
from serving.http.cors import CorsPolicy
from serving.http.encoding import (
    MAX_INLINE_BYTES,
    MIN_BYTES,
    coding_for,
    encoded,
    encoded_aside,
)
from serving.http.messages import Response
from serving.http.pending_answer import Later, RawResponse
from serving.request import Request, RequestHandler


class AnswerWriter:
    """Writes the answers of a worker, through ASGI and past it."""

    def __init__(self, handler: RequestHandler, origins: Sequence[str]) -> None:
        """``origins``: whose pages may read answers; empty for none."""
        self._handler = handler
        self._cors = CorsPolicy(origins) if origins else None

    def preflight(self, request: Request) -> Response | None:
        """The answer to a browser that asks for an allowed page; None for any other request."""
        if self._cors is None:
            return None
        return self._cors.preflight(request.method, request.headers)

    def raw(self, request: Request) -> RawResponse | Later | None:
        """The answer of a request that did not come through ASGI, or what compresses it."""
        response = request.response
        if response is None:
            return None
        if len(response.body) >= MIN_BYTES:
            coding = coding_for(request.headers, response)
            if coding is not None and len(response.body) > MAX_INLINE_BYTES:
                return self.raw_aside(request)
            response = encoded(response, coding)
        return self._written(request, response)

    async def raw_aside(self, request: Request) -> RawResponse | None:
        """As ``raw``, for a task: a large answer is compressed in a thread."""
        if request.response is None:
            return None
        return self._written(request, await encoded_aside(request.headers, request.response))

    async def send(self, request: Request, send: Send) -> None:
        """Send the answer through ASGI, if there is one."""
        if request.response is None:
            return
        response = await encoded_aside(request.headers, request.response)
        written = self._head(request, response)
        await send_response(send, response, written)
        self._handler.account(request)

    def _written(self, request: Request, response: Response) -> RawResponse:
        handler = self._handler
        handler.account(request)
        head = self._head(request, response)
        return RawResponse(response.status, head, response.body, handler.draining)

    def _head(self, request: Request, response: Response) -> list[tuple[bytes, bytes]]:
        head = headers_of(response, request.trace, close=self._handler.draining)
        if self._cors is not None:
            head += self._cors.headers(request.headers.get(b"origin"))
        return head
