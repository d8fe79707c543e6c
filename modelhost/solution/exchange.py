"""Requests and answers in turn on one connection, each answer with a time limit."""

from __future__ import annotations

import select
import time
from socket import socket
from typing import IO

from modelhost.wire import Decoder, Message, WireError, send

_CHUNK = 1 << 18


class ExchangeEndedError(Exception):
    """The other process ended, or sent something else than a message."""


class ExchangeTimeoutError(Exception):
    """No answer arrived in time; it is skipped when it arrives."""


class Exchange:
    """A connection on which each request has one answer, in their order."""

    def __init__(self, connection: socket, ended: IO[bytes]) -> None:
        """``ended`` becomes readable when the other process has ended.

        Both are closed with the last reference to this object: another thread may wait on them.
        """
        self._connection = connection
        self._ended = ended
        self._decoder = Decoder()
        self._arrived: list[Message] = []
        self._skipped = 0
        self._late_since: float | None = None

    def send(self, message: Message) -> None:
        """Send a request; raises ``ExchangeEndedError``."""
        try:
            send(self._connection, message)
        except OSError as error:
            raise ExchangeEndedError from error

    def receive(self, until: float | None) -> Message:
        """The answer to the last request, by ``until`` (``time.monotonic()``).

        Raises ``ExchangeTimeoutError``, and ``ExchangeEndedError``.
        """
        while True:
            while self._arrived:
                answer = self._arrived.pop(0)
                if not self._skipped:
                    self._late_since = None
                    return answer
                self._skipped -= 1
            try:
                self._read(until)
            except ExchangeTimeoutError:
                self._skipped += 1
                self._late_since = self._late_since or time.monotonic()
                raise

    def overdue(self) -> float:
        """Seconds since the first answer was missed that has not arrived."""
        return 0.0 if self._late_since is None else time.monotonic() - self._late_since

    def _read(self, until: float | None) -> None:
        left = None if until is None else max(0.0, until - time.monotonic())
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(None if left is None else left * 1000)}
        if not ready:
            raise ExchangeTimeoutError
        if self._connection.fileno() not in ready:
            raise ExchangeEndedError
        try:
            piece = self._connection.recv(_CHUNK)
            if not piece:
                raise ExchangeEndedError
            self._arrived += self._decoder.feed(piece)
        except (OSError, WireError) as error:
            raise ExchangeEndedError from error
