"""A worker's HTTP server: it balances connections, bounds slow clients, and drains at shutdown.

Each worker runs one on the socket that all workers share.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Collection
from functools import partial
from types import FrameType
from typing import Protocol, cast

import uvicorn

from modelhost.parent_process import has_lost
from serving.http.acceptor import Acceptor, Closable, listen, refuse_new, stop_listening
from serving.http.fast_path import FastPathApp, FastPathProtocol
from serving.http.known_heads import KnownHeads
from serving.http.worker_table import Workers

KEEP_ALIVE_SECONDS = 75
"""Idle connections are kept longer than proxies keep theirs, so that the proxy closes first."""
TRANSFER_TIMEOUT_SECONDS = 20.0
"""A connection that owes us bytes, or doesn't accept ours, is aborted after this time."""
DRAIN_NOTICE_SECONDS = 0.5
"""Time to wait for the other workers to begin draining."""
HANDSHAKE_SECONDS = 0.1
"""Time for handshakes that began before shutdown to complete."""
IDLE_SECONDS = 2.0
"""Time that an idle connection gets for one more request during shutdown."""
MAX_HEAD_BYTES = 1 << 16


class GuardedProtocol(FastPathProtocol, Closable):
    """HTTP protocol that limits the size of headers and the time of transfers."""

    _head = -1  # bytes of an incomplete head; -1 outside heads
    _pending_since: float | None = None
    _unsent = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of the connection once."""
        super().connection_lost(exc)
        if self.ended is not None:
            self.ended()
            self.ended = None

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; a head of more than ``MAX_HEAD_BYTES`` is refused (400).

        In pieces, so that data after the end of a head doesn't count as part of it.
        """
        if len(data) <= MAX_HEAD_BYTES:
            self._parse(data)
            return
        for start in range(0, len(data), MAX_HEAD_BYTES):
            self._parse(data[start : start + MAX_HEAD_BYTES])
            if self.transport.is_closing():
                return

    def _parse(self, piece: bytes) -> None:
        if self._head >= 0:
            self._head += len(piece)
        super().data_received(piece)
        # A head that began in this piece is counted from the next piece on.
        if self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        """Start counting the bytes of a head."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: the head is complete."""
        self._head = -1
        super().on_headers_complete()

    def close_idle(self, now: float) -> None:
        """Abort the connection if the client has made no progress for too long.

        It is closed if the client has sent no request for ``KEEP_ALIVE_SECONDS`` since an answer.
        """
        unsent = self.transport.get_write_buffer_size()
        answered = self.cycle is None or self.cycle.response_complete
        owing = answered and self.timeout_keep_alive_task is None
        if not answered or owing or self.idle_since is None:
            self.idle_since = now
        elif now - self.idle_since > KEEP_ALIVE_SECONDS:
            self.timeout_keep_alive_handler()
            return
        if (unsent and unsent == self._unsent) or (owing and not unsent):
            if self._pending_since is None:
                self._pending_since = now
            elif now - self._pending_since > TRANSFER_TIMEOUT_SECONDS:
                self.transport.abort()
        else:
            self._pending_since = None
        self._unsent = unsent


class DrainedApp(FastPathApp, Protocol):
    """An application that answers some requests directly, and can be drained."""

    def drain(self) -> None:
        """Close each connection after its next answer, from now on."""


class Port(Protocol):
    """A port of another protocol, with its connections in this worker."""

    @property
    def listening(self) -> socket.socket:
        """The socket that all workers share."""

    @property
    def connections(self) -> Collection[Closable]:
        """The open connections."""

    def protocol(self) -> Closable:
        """The protocol of a new connection."""

    def close_idle(self) -> None:
        """Disconnect clients that make no progress; called once a second."""

    def drain(self) -> None:
        """Tell clients that the server ends."""

    async def finish(self) -> None:
        """Answer what has come, and close every connection."""


class WorkerServer(uvicorn.Server):
    """A worker's server: it accepts its share of connections, and answers all at shutdown."""

    def __init__(
        self, config: uvicorn.Config, app: DrainedApp, workers: Workers, supervisor: int
    ) -> None:
        """``app`` is the application of ``config``; ``workers`` has this worker's slot.

        ``supervisor``: the id of the process that started this one, read before it did.
        """
        config.http = GuardedProtocol
        config.loop = "uvloop"
        config.ws = "none"
        config.access_log = False
        config.proxy_headers = False
        super().__init__(config)
        self.workers = workers
        self._app = app
        self.grpc: Port | None = None
        """One more port of this worker; None if there is none."""
        self._acceptors: list[Acceptor] = []
        self._supervisor = supervisor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept connections."""
        await super().startup(sockets=[])
        protocol = partial(
            GuardedProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            direct=self._app,
            heads=KnownHeads(),
        )

        served: list[tuple[socket.socket, Callable[[], Closable]]]
        served = [(listening, protocol) for listening in sockets or ()]
        if self.grpc is not None:
            served.append((self.grpc.listening, self.grpc.protocol))
        for listening, _ in served:
            listen(listening, self.config.backlog)
        self._acceptors = [
            Acceptor(listening, made, self.workers, self.config.ssl) for listening, made in served
        ]

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: update the heartbeat, and abort stalled connections."""
        self.workers.beat()
        if has_lost(self._supervisor):  # nothing could restart or end this worker
            self.should_exit = True
        if counter % 10 == 0:
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                cast(GuardedProtocol, connection).close_idle(now)
            if self.grpc is not None:
                self.grpc.close_idle()
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal to end: mark this worker as draining for the others at once."""
        self.workers.drain()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer every request of every connection that was made, then end.

        If all workers end, the socket stops listening first: pending connections are accepted and
        new ones refused. If other workers go on, they accept new connections. Each connection is
        closed after its next answer; idle ones are closed after ``IDLE_SECONDS``.
        """
        self._app.drain()
        if self.grpc is not None:
            self.grpc.drain()
        if await self._all_end():
            every = [acceptor.listening for acceptor in self._acceptors]
            for listening in every:
                refuse_new(listening)
            await asyncio.sleep(HANDSHAKE_SECONDS)
            for acceptor in self._acceptors:
                acceptor.take_all()
            for listening in every:
                stop_listening(listening)
        for acceptor in self._acceptors:
            acceptor.close()
        until = time.monotonic() + IDLE_SECONDS
        while self._is_connected() and time.monotonic() < until:
            await asyncio.sleep(0.02)
        if self.grpc is not None:
            await self.grpc.finish()
        await super().shutdown(sockets)

    def _is_connected(self) -> bool:
        further = self.grpc is not None and bool(self.grpc.connections)
        return bool(self.server_state.connections) or further

    async def _all_end(self) -> bool:
        until = time.monotonic() + DRAIN_NOTICE_SECONDS
        while self.workers.others_serve():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.01)
        return True


def worker_server(app: DrainedApp, workers: Workers, backlog: int, supervisor: int) -> WorkerServer:
    """The server of a worker with the ASGI application ``app``, which ends with ``supervisor``."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        backlog=backlog,
        log_config=None,
        server_header=False,
        lifespan="on",
    )
    return WorkerServer(config, app, workers, supervisor)
