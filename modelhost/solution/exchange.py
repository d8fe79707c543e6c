"""Requests and answers in turn on one connection, each answer with a time limit."""

from __future__ import annotations

import itertools
import os
import select
import time
from collections import deque
from socket import socket
from typing import IO

from modelhost.short_wait import ShortWait, processors
from modelhost.solution.short_form import ANNOUNCEMENT, ANSWER, ShortRequest, read_answer
from modelhost.wire import MAX_HEADER_BYTES, Buffer, Message, MessageDecoder, WireError, encoded

MAX_ANSWER_BYTES = 1 << 30
"""An answer that announces more is none: it would fill the memory."""
LOOK_SECONDS = 0.001
"""Seconds for which an answer is looked for; after a slower one, the next isn't looked for."""
_FIRST, _CHUNK = 1 << 13, 1 << 18


GARBAGE = "sent something else than an answer"


class ExchangeEndedError(Exception):
    """The other process ended, closed the connection, or sent something else than an answer."""

    def __init__(self, why: str | None = None) -> None:
        """``why``: what it did; None if it ended or closed the connection."""
        super().__init__(why)
        self.why = why


class ExchangeTimeoutError(Exception):
    """No answer arrived in time, and is skipped when it arrives; or a request wasn't taken."""


class Exchange:
    """A connection on which each request has one answer, in their order."""

    def __init__(self, connection: socket, ended: IO[bytes]) -> None:
        """``ended`` becomes readable when the other process has ended.

        Both are closed with the last reference to this object: another thread may wait on them.
        """
        connection.setblocking(False)
        self._connection = connection
        self._ended = ended
        self._answers = _poll(connection, ended, select.POLLIN)
        self._room = _poll(connection, ended, select.POLLOUT)
        self._decoder = MessageDecoder(MAX_HEADER_BYTES, MAX_ANSWER_BYTES, {ANSWER: read_answer})
        self._arrived: deque[Message] = deque()
        self._short_wait = ShortWait(processors(os.environ), LOOK_SECONDS)
        self._numbers = itertools.count()
        self._missed: dict[int, float] = {}
        """Request → ``time.monotonic()`` when nobody waited for its answer any longer."""

    def announce(self) -> None:
        """Have the other process look for a request that is sent in a moment.

        It wakes while the request is made. Nothing is sent if looking doesn't pay. Raises
        ``ExchangeEndedError``.
        """
        if not self._short_wait.looks(time.monotonic()):
            return
        try:
            whole = self._sent(ANNOUNCEMENT) == len(ANNOUNCEMENT)
        except BlockingIOError:
            return
        if not whole:
            raise ExchangeEndedError

    def send(self, request: Message | ShortRequest, until: float | None = None) -> int:
        """Send a request, by ``until`` (``time.monotonic()``); return its number.

        Raises ``ExchangeTimeoutError``, after which only a part has been sent, and
        ``ExchangeEndedError``.
        """
        number = next(self._numbers)
        if isinstance(request, ShortRequest):
            self._send(request.encoded(number), until)
            return number
        for part in encoded(Message({**request.header, "id": number}, request.buffers)):
            self._send(part, until)
        return number

    def _send(self, part: Buffer, until: float | None) -> None:
        sent = 0
        while sent < len(part):
            try:
                sent += self._sent(memoryview(part)[sent:] if sent else part)
            except BlockingIOError:
                self._wait(self._room, until)

    def _sent(self, part: Buffer) -> int:
        """The bytes that the socket took; raises ``BlockingIOError`` for none."""
        try:
            return self._connection.send(part)
        except BlockingIOError:
            raise
        except OSError as error:
            raise ExchangeEndedError from error

    def receive(self, number: int, until: float | None) -> Message:
        """The answer to this request, by ``until`` (``time.monotonic()``).

        Raises ``ExchangeTimeoutError``, and ``ExchangeEndedError``.
        """
        while True:
            while self._arrived:
                answer = self._arrived.popleft()
                identifier = answer.header.pop("id", None)
                if type(identifier) is int and identifier == number:
                    return answer
                if type(identifier) is not int or self._missed.pop(identifier, None) is None:
                    raise ExchangeEndedError(GARBAGE)
            try:
                self._read(until)
            except ExchangeTimeoutError:
                self._missed[number] = time.monotonic()
                raise

    def overdue(self) -> float:
        """Seconds since the first answer was missed, unless something has arrived since.

        It may be called in another thread.
        """
        missed = [*self._missed.values()]
        if not missed or _poll(self._connection, None, select.POLLIN).poll(0):
            return 0.0
        return time.monotonic() - min(missed)

    def _read(self, until: float | None) -> None:
        began, first = time.monotonic(), self._decoder.idle
        if not first or not self._short_wait.look(self._look, until):
            self._wait(self._answers, until)
        piece = self._piece()
        if first:
            self._short_wait.took(time.monotonic() - began)
        if not piece:  # the connection was closed, or only the end of the process was reported
            raise ExchangeEndedError
        try:
            self._arrived.extend(self._decoder.feed(piece))
        except WireError as error:
            raise ExchangeEndedError(GARBAGE) from error

    def _look(self) -> bool | None:
        """Whether something has arrived, or the process has ended; None if not."""
        return True if self._answers.poll(0) else None

    def _piece(self) -> bytes:
        """The received bytes; empty if the connection or the process has ended."""
        try:
            return self._connection.recv(_FIRST if self._decoder.idle else _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise ExchangeEndedError from error

    def _wait(self, ready: select.poll, until: float | None) -> None:
        milliseconds = None if until is None else max(0.0, until - time.monotonic()) * 1000
        events = ready.poll(milliseconds)
        if not events:
            raise ExchangeTimeoutError
        if len(events) == 1 and events[0][0] == self._ended.fileno():
            raise ExchangeEndedError


def _poll(connection: socket, ended: IO[bytes] | None, event: int) -> select.poll:
    poller = select.poll()
    poller.register(connection, event)
    if ended is not None:
        poller.register(ended, select.POLLIN)
    return poller
