"""How connections come to a worker and leave it: fairly shared, guarded, and drained.

BentoML starts each worker by ``uvicorn.Server(config).run(sockets=[…])`` on one socket that all
share. ``install`` puts a server of ours in that place; ``check`` tells where a version of BentoML
does otherwise.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import cast

import uvicorn

from serving.http.acceptor import Acceptor, Closable, listen, refuse_new, stop_listening
from serving.http.fast_path import FastPathApp, FastPathProtocol
from serving.http.worker_table import Workers
from serving.unsupported_version import unsupported_version

KEEP_ALIVE_SECONDS = 75
"""An idle connection is kept longer than proxies keep theirs: the proxy is first to end it."""
TRANSFER_TIMEOUT_SECONDS = 20.0
"""A connection that owes us bytes, or does not take ours, is ended after so long."""
DRAIN_NOTICE_SECONDS = 0.5
"""Workers that end together all know it after so long."""
HANDSHAKE_SECONDS = 0.1
"""Connections begun before the end are complete after so long."""
IDLE_SECONDS = 2.0
"""An idle connection has so long for one more request, once the server ends."""
MAX_HEAD_BYTES = 1 << 16


class GuardedProtocol(FastPathProtocol, Closable):
    """HTTP with an end to heads that never end."""

    _head = -1  # bytes of a head that isn't complete yet; -1 outside heads
    _pending_since: float | None = None
    _unsent = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self.ended is not None:
            self.ended()
            self.ended = None

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; a head of more than ``MAX_HEAD_BYTES`` is refused (400).

        In pieces, so that what comes along with the end of a head doesn't count as one.
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
        # A head that began in this piece is counted from the next one on.
        if self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._head = -1
        super().on_headers_complete()

    def close_idle(self, now: float) -> None:
        """End the connection where the client has let us wait for too long."""
        unsent = self.transport.get_write_buffer_size()
        answered = self.cycle is None or self.cycle.response_complete
        owing = answered and self.timeout_keep_alive_task is None
        if (unsent and unsent == self._unsent) or (owing and not unsent):
            if self._pending_since is None:
                self._pending_since = now
            elif now - self._pending_since > TRANSFER_TIMEOUT_SECONDS:
                self.transport.abort()
        else:
            self._pending_since = None
        self._unsent = unsent


class Server(uvicorn.Server):
    """A worker's server: its share of the connections, and an end that loses no request."""

    workers: Workers
    """Set by ``install``, as are ``direct`` and ``begin_draining``."""
    direct: FastPathApp
    begin_draining: Callable[[], None]
    running = False

    def __init__(self, config: uvicorn.Config) -> None:
        config.http = GuardedProtocol
        config.loop = "uvloop"
        config.ws = "none"
        config.access_log = False
        config.proxy_headers = False
        config.timeout_keep_alive = KEEP_ALIVE_SECONDS
        super().__init__(config)
        self._acceptors: list[Acceptor] = []
        self._parent = os.getppid()
        Server.running = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then take connections."""
        await super().startup(sockets=[])
        protocol = partial(
            GuardedProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            direct=type(self).direct,
        )

        for listening in sockets or ():
            listen(listening, self.config.backlog)
        self._acceptors = [
            Acceptor(listening, protocol, type(self).workers, self.config.ssl)
            for listening in sockets or ()
        ]

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: show that the loop runs, and look after the connections."""
        type(self).workers.beat()
        if os.getppid() != self._parent:  # nobody would start this worker again, or end it
            self.should_exit = True
        if counter % 10 == 0:
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                cast(GuardedProtocol, connection).close_idle(now)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to end: tell the others at once."""
        type(self).workers.drain()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer every request of every connection that was made, then end.

        Where all workers end, the socket stops listening first: connections begun are taken, new
        ones refused. Where others go on, they take what comes. Each connection ends with its
        next answer; those that stay idle are ended after ``IDLE_SECONDS``.
        """
        type(self).begin_draining()
        if await self._all_end():
            for listening in sockets or ():
                refuse_new(listening)
            await asyncio.sleep(HANDSHAKE_SECONDS)
            for acceptor in self._acceptors:
                acceptor.take_all()
            for listening in sockets or ():
                stop_listening(listening)
        for acceptor in self._acceptors:
            acceptor.close()
        until = time.monotonic() + IDLE_SECONDS
        while self.server_state.connections and time.monotonic() < until:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    async def _all_end(self) -> bool:
        until = time.monotonic() + DRAIN_NOTICE_SECONDS
        while type(self).workers.others_serve():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.01)
        return True


def install(direct: FastPathApp, begin_draining: Callable[[], None], workers: Workers) -> None:
    """Let the server that is started next in this process be ours."""
    Server.direct = direct
    Server.begin_draining = staticmethod(begin_draining)
    Server.workers = workers
    uvicorn.Server = Server  # type: ignore[misc]


def check_server_class() -> None:
    """Raise ``PackageError`` unless the server that runs here is ours."""
    if not Server.running:
        raise unsupported_version(
            "bentoml", "its workers to be started by uvicorn.Server", "something else"
        )
