"""A shortcut for requests that have arrived whole, without ASGI.

uvicorn creates a task, an event and a scope for each request before it calls the application,
which costs more than most predictions. A small ``POST`` whose body arrived with its head is passed
to the application directly, which answers at once or makes its answer in a task. All other requests
go through ASGI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from serving.http.known_heads import KnownHeads
from serving.http.pending_answer import Later, PendingAnswer, RawResponse
from serving.http.upgrades import UpgradeIgnorer

MAX_AT_ONCE = 32
"""Requests of one connection answered in a row before other connections get a turn."""
MAX_WAITING = 256
"""Pipelined requests of one connection that may wait, about 4 KB each. The last of them closes the
connection, and data after it is ignored (RFC 9112, 9.3.2 and 9.6)."""


class FastPathApp(Protocol):
    """An application that answers some requests without ASGI."""

    def accepts(self, url: bytes, headers: Mapping[bytes, bytes], /) -> bool:
        """Whether to call ``direct`` for a ``POST`` with these headers, once its body is whole.

        Once true, it is true for the same URL and headers from then on.
        """
        ...

    def direct(
        self, url: bytes, headers: Mapping[bytes, bytes], body: bytes, /
    ) -> RawResponse | Later | None:
        """The answer, or what makes it; None if the request has to go through ASGI.

        Neither may raise.
        """
        ...


class _NoTimer:
    """In the place of uvicorn's timer of an idle connection: the server looks once a second.

    A timer for each answer would take longer than writing it.
    """

    def cancel(self) -> None:
        """Do nothing."""


NO_TIMER: Any = _NoTimer()


class FastPathProtocol(UpgradeIgnorer):
    """uvicorn's HTTP protocol with a shortcut for small requests."""

    def __init__(self, *given: Any, direct: FastPathApp, heads: KnownHeads, **named: Any) -> None:
        """Take uvicorn's arguments, and the application that ``direct`` requests go to.

        ``heads``: those that other connections to ``direct`` have sent.
        """
        super().__init__(*given, **named)
        self._direct = direct
        self._heads = heads
        self._arriving: bytes | None = None
        """The current data, if a request begins with it."""
        self._between = True
        """Whether the parser has seen the end of each request that has begun."""
        self.idle_since: float | None = None
        """``time.monotonic()`` when the server first saw that the client owes nothing."""
        self._known: Mapping[bytes, bytes] = {}
        self._parts: list[bytes] | None = None
        """Body chunks of a request for the shortcut so far; None for any other request."""
        self._pieces: list[bytes] = []
        """Body chunks of an ASGI request in the current data; joined, because each may be
        of one byte."""
        self._answered = 0
        """Requests in the current data that the shortcut answered."""
        self._running: Any = None
        """uvicorn's cycle of the request being served; ``cycle`` is that of the newest one."""
        self._full = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the request being served; uvicorn notifies only the newest one."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
            self._running = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; a request that is still incomplete goes through ASGI."""
        self._answered = 0
        if self._between and self._answer_known(data):
            return
        self._arriving = data if self._between else None
        super().data_received(data)
        if self._parts is not None:
            self._pass_request_on()
        self._pass_on()

    def on_message_begin(self) -> None:
        """Stop keeping the connection alive once ``MAX_WAITING`` requests wait."""
        if len(self.pipeline) >= MAX_WAITING and not self._full:
            self._full = True
            self.cycle.keep_alive = False
        self._between = False
        super().on_message_begin()

    def on_head(self) -> None:
        """Choose the shortcut if the request allows it, else start a cycle of uvicorn."""
        if self._full:
            return
        if self._is_plain():
            self._known = dict(self.headers)
            if self._direct.accepts(self.url, self._known):
                self._parts = []
                return
        self._begin()

    def on_body(self, body: bytes) -> None:
        """Collect a chunk of the body."""
        if self._parts is not None:
            self._parts.append(body)
        elif not self._full:
            self._pieces.append(body)

    def on_message(self) -> None:
        """Answer a complete request, or pass it to uvicorn."""
        self._between = True
        if self._parts is not None:
            parts = self._parts
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            answer = self._direct.direct(self.url, self._known, body)
            if answer is not None:
                self._parts = None
                if self._arriving is not None:
                    self._heads.keep(self._arriving, self.url, self._known, len(body))
                self._answer(answer)
                return
            self._pass_request_on()
        self._pass_on()
        if not self._full:
            super().on_message()

    def send_400_response(self, msg: str) -> None:
        """Answer 400 to data that can't be parsed and close the connection, after pending answers.

        Sent at once, the client would take it for the answer to an earlier request.
        """
        self.ended_by_us = True
        self._parts = None
        self._pieces = []
        newest = self.cycle
        if newest is None or newest.response_complete:
            super().send_400_response(msg)
        elif not newest.more_body:
            newest.keep_alive = False
        elif self.pipeline:
            self.pipeline.popleft()  # its body will never arrive
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
            self.cycle.keep_alive = False
        elif newest.response_started:
            self.transport.close()
        else:
            super().send_400_response(msg)

    def on_response_complete(self) -> None:
        """Start the next waiting request; without one, the connection is idle from now on."""
        self._running = self.pipeline[-1][0] if self.pipeline else None
        if self._running is not None or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self.timeout_keep_alive_task = NO_TIMER
        self.idle_since = None

    def _answer_known(self, data: bytes) -> bool:
        """Answer ``data``, if it is a request for the shortcut whose head has come before."""
        request = self._heads.read(data)
        if request is None or self.ended_by_us or not self._is_free():
            return False
        known, body = request
        answer = self._direct.direct(known.url, known.headers, body)
        if answer is None:
            self._answered = MAX_AT_ONCE  # the parser gets it, and no shortcut
            return False
        self._answer(answer)
        return True

    def _begin(self) -> None:
        """Let uvicorn create its cycle of the request, which runs or waits for its turn."""
        super().on_head()
        if not self.pipeline:
            self._running = self.cycle

    def _is_plain(self) -> bool:
        """Whether this is a ``POST`` that can be answered at once.

        The connection stays open.
        """
        parser = self.parser
        return bool(
            parser.get_method() == b"POST"
            and self._answered < MAX_AT_ONCE
            and self._is_free()
            and not self.expect_100_continue
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
        )

    def _is_free(self) -> bool:
        """Whether no earlier request is pending, and the connection can be written to."""
        cycle = self.cycle
        return bool(
            (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _pass_on(self) -> None:
        """Pass the collected body to uvicorn, in one piece."""
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            super().on_body(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _pass_request_on(self) -> None:
        """Pass the request that was collected for the shortcut to uvicorn."""
        parts, self._parts = self._parts or (), None
        self._begin()
        self._pieces += parts

    def _answer(self, answer: RawResponse | Later) -> None:
        """Write the answer, at once or when it is there; until then, requests that follow wait."""
        if isinstance(answer, RawResponse):
            self._write(answer)
            return
        self._answered += 1
        pending: Any = PendingAnswer(self._write)
        self.cycle = self._running = pending
        pending.begin(answer)

    def _write(self, answer: RawResponse) -> None:
        """Write head and body at once."""
        self._answered += 1
        lines = [STATUS_LINE[answer.status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        for name, value in answer.headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (b"\r\n", answer.body)
        self.transport.write(b"".join(lines))
        if answer.close:
            self.transport.close()
        self.on_response_complete()
