"""Accepts connections from a listening socket that several workers share, balanced by count.

By default workers race for the socket, and one often wins every time. Here a worker that has more
connections than another waits briefly before it accepts.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any

from serving.http.worker_table import Workers

YIELD_SECONDS = 0.002
"""Seconds that a worker with more connections waits for the others to accept."""
MAX_AT_ONCE = 16
_ATTACH_FILTER, _DETACH_FILTER = 26, 27  # of linux/socket.h; the socket module lacks them

logger = logging.getLogger("serving")


class Closable(asyncio.Protocol):
    """A protocol that calls ``ended`` when its connection has ended."""

    ended: Callable[[], None] | None = None


class Acceptor:
    """Accepts connections from a shared socket so that workers have about equally many."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], Closable],
        workers: Workers,
        ssl: Any,
    ) -> None:
        self.listening = listening
        self._protocol = protocol
        self._workers = workers
        self._ssl = ssl
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._later: asyncio.TimerHandle | None = None
        self._open = True
        listening.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Stop accepting connections."""
        self._open = False
        self._pause()

    async def wait_closed(self) -> None:
        """Return at once: the server closes the connections itself."""

    def take_all(self) -> None:
        """Accept all pending connections, regardless of balance."""
        while self._accept():
            pass

    def _listen(self) -> None:
        self._later = None
        if self._open:
            self._loop.add_reader(self.listening.fileno(), self._ready)

    def _pause(self) -> None:
        self._loop.remove_reader(self.listening.fileno())
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _ready(self) -> None:
        for _ in range(MAX_AT_ONCE):
            fewest = self._workers.fewest_elsewhere()
            if fewest is not None and fewest < self._workers.connections:
                self._pause()
                self._later = self._loop.call_later(YIELD_SECONDS, self._after_turn)
                return
            if not self._accept():
                return

    def _after_turn(self) -> None:
        """No other worker accepted it in time: accept it here."""
        self._listen()
        self._accept()

    def _accept(self) -> bool:
        """Accept one connection; False if none is pending."""
        try:
            connection, _ = self.listening.accept()
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                logger.error("no connection can be accepted: %s", error.strerror)
                self._pause()
                self._later = self._loop.call_later(1.0, self._listen)
                return False
            if error.errno in (errno.EINVAL, errno.EBADF):  # another worker stopped listening
                self.close()
                return False
            return True  # the client aborted this one before it was accepted
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._workers.opened()
        task = self._loop.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _serve(self, connection: socket.socket) -> None:
        protocol = self._protocol()
        protocol.ended = self._workers.closed
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._ssl)
        except OSError:  # the connection has ended already
            connection.close()
            if protocol.ended is not None:
                protocol.connection_lost(None)


def refuse_new(listening: socket.socket) -> None:
    """Let the kernel drop new SYN packets; handshakes that have begun can finish.

    A client sends its SYN again after a second; by then the socket is closed and the client is
    refused. Without this, a connection made between the last accept and the close would be reset.
    """
    program = [
        (0x30, 0, 0, 13),  # the flags of the TCP header
        (0x54, 0, 0, 0x12),  # SYN and ACK
        (0x15, 0, 1, 0x02),  # only SYN set?
        (0x06, 0, 0, 0),  # drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # anything else passes
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    try:
        _attach(listening, code, len(program))
    except OSError as error:  # a kernel without filters: a connection may be reset
        logger.warning("can't drop new connections; some may be reset: %s", error.strerror)


def listen(listening: socket.socket, backlog: int) -> None:
    """Listen, after removing the filter that an earlier worker may have left on the socket."""
    try:
        listening.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOPROTOOPT):  # usually there is no filter
            raise
    listening.listen(backlog)


def _attach(listening: socket.socket, code: bytes, steps: int) -> None:
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HP", steps, ctypes.addressof(buffer))
    listening.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)


def stop_listening(listening: socket.socket) -> None:
    """Refuse new connections on ``listening``, whichever process accepts from it."""
    try:
        listening.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:  # another worker was first
            raise
