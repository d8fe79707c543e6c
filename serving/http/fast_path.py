"""Requests that are whole when they arrive, answered on the spot.

uvicorn makes a task, an event and a scope for each request before its application hears of it;
that costs more than most predictions. A small ``POST`` whose body came along with its head is
handed to the application as it is. What isn't answered so goes the usual way, through ASGI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from serving.http.upgrades import Header, UpgradeIgnorer

MAX_AT_ONCE = 32
"""Requests of one connection that are answered before others get their turn."""
MAX_WAITING = 256
"""Requests of one connection that wait for their turn; each holds some 4 KB. The last of them ends
the connection, and what was sent behind it is not looked at (RFC 9112, 9.3.2 and 9.6)."""


@dataclass(slots=True)
class RawResponse:
    """An answer, but for the headers that every answer of the server has."""

    status: int
    headers: Sequence[Header]
    body: bytes
    close: bool
    """The connection ends with it."""


class FastPathApp(Protocol):
    """An application that answers some requests without waiting for anything."""

    def accepts(self, url: bytes, headers: Mapping[bytes, bytes], /) -> bool:
        """Whether a ``POST`` is worth a try: its body is then passed whole."""
        ...

    def direct(
        self, url: bytes, headers: Mapping[bytes, bytes], body: bytes, /
    ) -> RawResponse | None:
        """The answer; None where the request has to go the usual way. Must not raise."""
        ...


class FastPathProtocol(UpgradeIgnorer):
    """HTTP as uvicorn speaks it, with a shortcut."""

    def __init__(self, *given: Any, direct: FastPathApp, **named: Any) -> None:
        """As uvicorn's, and the application that ``direct`` requests go to."""
        super().__init__(*given, **named)
        self._direct = direct
        self._known: Mapping[bytes, bytes] = {}
        self._parts: list[bytes] | None = None
        """The body of a request for the shortcut so far; None for any other request."""
        self._pieces: list[bytes] = []
        """Of a body that goes the usual way, from the data at hand: they may be of one
        byte each."""
        self._answered = 0
        """Requests that the shortcut took of the data at hand."""
        self._running: Any = None
        """uvicorn's cycle of the request whose turn it is; ``cycle`` is that of the newest."""
        self._full = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the request that runs know; uvicorn tells only the newest."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
            self._running = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; a request that isn't whole by then goes the usual way."""
        self._answered = 0
        super().data_received(data)
        if self._parts is not None:
            self._hand_on()
        self._pass_on()

    def on_message_begin(self) -> None:
        """See whether as many wait as may."""
        if len(self.pipeline) >= MAX_WAITING and not self._full:
            self._full = True
            self.cycle.keep_alive = False
        super().on_message_begin()

    def on_head(self) -> None:
        """Take the shortcut if it is open to this request."""
        if self._full:
            return
        if self._is_plain():
            self._known = dict(self.headers)
            if self._direct.accepts(self.url, self._known):
                self._parts = []
                return
        self._begin()

    def on_body(self, body: bytes) -> None:
        """Keep what comes."""
        if self._parts is not None:
            self._parts.append(body)
        elif not self._full:
            self._pieces.append(body)

    def on_message(self) -> None:
        """Answer."""
        if self._parts is not None:
            parts = self._parts
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            answer = self._direct.direct(self.url, self._known, body)
            if answer is not None:
                self._parts = None
                self._write(answer)
                return
            self._hand_on()
        self._pass_on()
        if not self._full:
            super().on_message()

    def send_400_response(self, msg: str) -> None:
        """Answer 400 to what can't be parsed and end the connection, after the answers still due.

        Written at once, it would be taken for the answer to an earlier request.
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
            self.pipeline.popleft()  # its body never comes
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
            self.cycle.keep_alive = False
        elif newest.response_started:
            self.transport.close()
        else:
            super().send_400_response(msg)

    def on_response_complete(self) -> None:
        """The next request that waits has its turn."""
        following = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        self._running = following

    def _begin(self) -> None:
        """Let uvicorn make its cycle of the request, which runs or waits for its turn."""
        super().on_head()
        if not self.pipeline:
            self._running = self.cycle

    def _is_plain(self) -> bool:
        """A ``POST`` that nothing stands before, on a connection that goes on and takes answers."""
        parser, cycle = self.parser, self.cycle
        return bool(
            parser.get_method() == b"POST"
            and (cycle is None or cycle.response_complete)
            and self._answered < MAX_AT_ONCE
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and not self.expect_100_continue
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
        )

    def _pass_on(self) -> None:
        """Let uvicorn have the body that came, in one piece."""
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            super().on_body(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _hand_on(self) -> None:
        """Let uvicorn have what came."""
        parts, self._parts = self._parts or (), None
        self._begin()
        self._pieces += parts

    def _write(self, answer: RawResponse) -> None:
        """Head and body in one write."""
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
