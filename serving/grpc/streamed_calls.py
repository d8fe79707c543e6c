"""Calls with several answers: the health's ``Watch``, and reflection.

They are few and small: a call is refused, or ended, beyond the bounds below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.grpc import methods
from serving.grpc.answer_blocks import DONE, blocks, failed, head_of
from serving.grpc.framing import PREFIX, framed, too_large
from serving.grpc.reflection import reflected
from serving.grpc.service import GrpcRequest, GrpcService
from serving.grpc.status import TEXT
from serving.http.messages import RequestError, Response
from serving.http2.connection import Http2Connection
from serving.http2.frames import Code
from serving.http2.streams import Http2Stream

MAX_MESSAGE = 4_096
"""Bytes of a request: names of services and symbols."""
MAX_UNSENT = 1 << 18
"""Bytes of answers that may wait for a client which asks and does not read."""


@dataclass(slots=True, eq=False)
class StreamedCall:
    """A call whose head was sent."""

    stream: Http2Stream
    request: GrpcRequest
    watched: str | None = None
    """The service whose health is watched, once it is named."""
    status: int | None = None
    """The status that was sent last."""


class StreamedCalls:
    """The streamed calls of one connection."""

    def __init__(self, service: GrpcService, connection: Http2Connection) -> None:
        self._service = service
        self._connection = connection
        self._open: dict[int, StreamedCall] = {}

    @staticmethod
    def take(stream: Http2Stream) -> bool:
        """Whether the call is one of these."""
        return stream.headers.get(b":path") in methods.STREAMED

    def received(self, stream: Http2Stream) -> None:
        """Answer the messages that have arrived whole; end the call if the client has."""
        call = self._open.get(stream.number)
        if call is None:
            call = self._begun(stream)
        if call is None:
            return
        with call.request:
            while (message := _taken(stream)) is not None:
                self._answer(call, message)
            if stream.whole:
                self._ended_by_client(call)
        self._end_if_failed(call)

    def refresh(self) -> None:
        """Send each status that has changed to those who watch it."""
        for call in [*self._open.values()]:
            if call.watched is not None:
                with call.request:
                    self._send_status(call, call.watched)
                self._end_if_failed(call)

    def fail(self, stream: Http2Stream, error: RequestError) -> bool:
        """End a call with ``error``; whether it was one of these."""
        call = self._open.get(stream.number)
        if call is None:
            return False
        with call.request:
            raise error
        self._end_if_failed(call)
        return True

    def finish(self) -> None:
        """End every call, because the server ends: clients call again, elsewhere."""
        for call in [*self._open.values()]:
            self.fail(call.stream, RequestError(503, "draining", "the server is ending"))

    def cancelled(self, stream: Http2Stream) -> None:
        """The client does not wait for more, or has everything."""
        self._open.pop(stream.number, None)

    def _begun(self, stream: Http2Stream) -> StreamedCall | None:
        """The call with its head sent; None if it is refused."""
        request = self._service.request(stream.headers)
        with request:
            self._service.admit(request)
        if request.response is not None:
            self._connection.answer(stream, *blocks(request.response, request.trace))
            self._service.account(request)
            return None
        call = self._open[stream.number] = StreamedCall(stream, request)
        self._connection.go_on(stream, head_of(request.trace))
        return call

    def _answer(self, call: StreamedCall, message: bytes) -> None:
        if call.request.path in methods.REFLECT:
            request = self._service.read("ServerReflectionRequest", message)
            self._send(call, reflected(request))
        elif call.watched is None:
            call.watched = self._service.read("HealthCheckRequest", message).service
            self._send_status(call, call.watched)
        else:
            raise RequestError(400, "malformed_request", "the call", expected="one message")

    def _send_status(self, call: StreamedCall, watched: str) -> None:
        message = self._service.health(watched)
        if message.status != call.status:
            call.status = message.status
            self._send(call, message)

    def _send(self, call: StreamedCall, message: Any) -> None:
        self._connection.go_on(call.stream, body=framed(message.SerializeToString()))
        if self._connection.sender.unsent > MAX_UNSENT:
            self._connection.reset(call.stream, Code.ENHANCE_YOUR_CALM)

    def _ended_by_client(self, call: StreamedCall) -> None:
        if call.stream.body:
            raise RequestError(400, "malformed_request", "the message is cut off")
        if call.request.path in methods.REFLECT:
            call.request.answer(Response(200, b"", TEXT))
        elif call.watched is None:
            raise RequestError(400, "malformed_request", "the call", expected="one message")

    def _end_if_failed(self, call: StreamedCall) -> None:
        """Send the trailers of a call that has an answer: an error, or its end."""
        response = call.request.response
        if response is None or self._open.pop(call.stream.number, None) is None:
            return
        self._connection.go_on(call.stream, trailers=failed(response) or DONE)
        self._service.account(call.request)


def _taken(stream: Http2Stream) -> bytes | None:
    """Take the first message from the body; None if it has not arrived whole."""
    if len(stream.body) < PREFIX.size:
        return None
    compressed, size = PREFIX.unpack_from(stream.body)
    if compressed:
        raise RequestError(
            501, "content_encoding", "grpc-encoding", expected="identity", got="another"
        )
    if size > MAX_MESSAGE:
        raise too_large(MAX_MESSAGE)
    end = PREFIX.size + size
    if len(stream.body) < end:
        return None
    message = bytes(stream.body[PREFIX.size : end])
    stream.body = stream.body[end:]
    return message
