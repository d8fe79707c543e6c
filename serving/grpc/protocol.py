"""A connection of the gRPC port: calls of its HTTP/2 streams go to the service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, cast

from serving.grpc.answer_blocks import blocks
from serving.grpc.framing import PREFIX
from serving.grpc.service import GrpcRequest, GrpcService
from serving.grpc.streamed_calls import StreamedCalls
from serving.http.acceptor import Closable
from serving.http.messages import RequestError
from serving.http2.connection import Http2Connection
from serving.http2.frames import PREFACE, Code
from serving.http2.streams import Http2Stream
from serving.prediction.pipeline import deadline_exceeded

STALL_SECONDS = 20.0
"""A client that doesn't finish a frame, or doesn't accept ours, is disconnected after this time."""
IDLE_SECONDS = 300.0
"""A connection without calls is closed after this time; clients connect again by themselves."""
NOT_HTTP2 = (
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n"
    b"content-length: 43\r\n\r\nthis port speaks gRPC, that is HTTP/2 only\n"
)


class GrpcProtocol(Closable):
    """Calls of one client."""

    def __init__(self, service: GrpcService, connections: set[GrpcProtocol]) -> None:
        """``connections``: those of the worker, among which it is while it is open."""
        self._service = service
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._connection = Http2Connection(self, self._write)
        self._streamed = StreamedCalls(service, self._connection)
        self._growing: dict[int, tuple[GrpcRequest, int]] = {}
        """Stream → a call whose body arrives in parts, and the bytes that count as being read."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._again = self._write_paused = self._finishing = False
        self._heard = self._moved = time.monotonic()
        self._owed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the settings."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        self._connection.begin()
        if self._service.draining:
            self._connection.drain()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Cancel the calls, and report the end of the connection once."""
        self._connections.discard(self)
        self._connection.lost()
        if self.ended is not None:
            self.ended()
            self.ended = None

    def data_received(self, data: bytes) -> None:
        """Handle calls; those beyond a turn's number after other connections."""
        self._heard = time.monotonic()
        foreign = self._connection.is_new and not PREFACE.startswith(data[: len(PREFACE)])
        if foreign and self._transport is not None:
            self._transport.write(NOT_HTTP2)
            self._transport.close()
            return
        self._again = self._connection.receive(data)
        self._after()

    def pause_writing(self) -> None:
        """Read nothing while the client doesn't accept answers."""
        self._write_paused = True
        self._set_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._write_paused = False
        self._set_reading()

    def close_idle(self, now: float) -> None:
        """Disconnect a client that makes no progress; ``now``: as of ``time.monotonic()``."""
        transport, connection = self._transport, self._connection
        if transport is None or transport.is_closing():
            return
        owed = transport.get_write_buffer_size() + connection.sender.unsent
        if not owed or owed != self._owed:
            self._moved = now
        self._owed = owed
        cut_off = connection.is_partial and not self._again and not self._write_paused
        if now - self._moved > STALL_SECONDS or (cut_off and now - self._heard > STALL_SECONDS):
            transport.abort()
            return
        for stream in [*connection.streams.values()]:
            if not stream.whole and not stream.answered and now - stream.begun > self._seconds:
                self._refuse(stream, deadline_exceeded(self._seconds))
        self._streamed.refresh()
        if not connection.streams and now - self._heard > IDLE_SECONDS:
            self.finish()

    def drain(self) -> None:
        """Tell the client that the connection is going to end, and those who watch its health."""
        self._connection.drain()
        self._streamed.refresh()

    def finish(self) -> None:
        """Take no more calls, and close the connection when all are answered."""
        self._finishing = True
        self._connection.refuse_further()
        self._streamed.finish()
        self._close_if_done()

    def grown(self, stream: Http2Stream, more: int) -> None:
        """Refuse a call whose body is still to come: without a key, or if it is too large."""
        if self._streamed.take(stream):
            self._streamed.received(stream)
            return
        request, taken = self._growing.get(stream.number, (None, 0))
        if request is None:
            request = self._service.request(stream.headers)
        self._growing[stream.number] = (request, taken)
        with request:
            if not taken:
                self._service.admit(request)
            self._service.bodies.check_size(len(stream.body) - PREFIX.size)
            self._growing[stream.number] = (request, taken + more)  # given back also if refused
            self._service.bodies.take(more)
            return
        self._answer(stream, request)

    def requested(self, stream: Http2Stream) -> None:
        """Answer a call, or start the task that does."""
        if self._streamed.take(stream):
            self._streamed.received(stream)
            return
        request, taken = self._growing.pop(stream.number, (None, 0))
        self._service.bodies.give_back(taken)
        if request is None:
            request = self._service.request(stream.headers)
        later = self._service.answer(request, stream.body)
        stream.body = b""
        if later is None:
            self._answer(stream, request)
            return
        task = asyncio.get_running_loop().create_task(self._finished(stream, request, later))
        self._tasks[stream.number] = task

    def cancelled(self, stream: Http2Stream) -> None:
        """Stop what answers a call."""
        self._streamed.cancelled(stream)
        _, taken = self._growing.pop(stream.number, (None, 0))
        self._service.bodies.give_back(taken)
        task = self._tasks.pop(stream.number, None)
        if task is not None:
            task.cancel()

    @property
    def _seconds(self) -> float:
        return self._service.seconds

    async def _finished(
        self, stream: Http2Stream, request: GrpcRequest, later: Coroutine[Any, Any, None]
    ) -> None:
        await later
        self._tasks.pop(stream.number, None)
        self._answer(stream, request)
        self._close_if_done()

    def _refuse(self, stream: Http2Stream, error: RequestError) -> None:
        if self._streamed.fail(stream, error):
            return
        request, _ = self._growing.get(stream.number, (None, 0))
        if request is None:
            request = self._service.request(stream.headers)
        with request:
            raise error
        self._answer(stream, request)

    def _answer(self, stream: Http2Stream, request: GrpcRequest) -> None:
        response = request.response
        if response is None:
            self._connection.reset(stream, Code.CANCEL)
            return
        self._connection.answer(stream, *blocks(response, request.trace))
        self._service.account(request)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _after(self) -> None:
        if self._again:
            asyncio.get_running_loop().call_soon(self._go_on)
        self._set_reading()
        self._close_if_done()

    def _go_on(self) -> None:
        if not self._connection.ended:
            self._again = self._connection.receive(b"")
            self._after()

    def _set_reading(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        reads = not (self._again or self._write_paused)
        if reads != transport.is_reading():
            (transport.resume_reading if reads else transport.pause_reading)()

    def _close_if_done(self) -> None:
        done = self._connection.ended or (self._finishing and not self._connection.streams)
        if done and self._transport is not None:
            self._transport.close()
