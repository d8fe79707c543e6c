"""Requests of an HTTP/2 connection, what answers them, and their bounds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from serving.http2.frames import Setting
from serving.http2.header_blocks import MAX_BLOCK_BYTES, Headers

WINDOW = 1 << 20
"""Bytes of a body that a client may send before the next WINDOW_UPDATE; renewed at a half."""
MAX_STREAMS = 128
"""Requests of one connection at a time."""
MAX_AT_ONCE = 32
"""Requests of one connection handled in a row before other connections get a turn."""
MAX_RESETS = 100
"""Requests that a client may cancel beyond the number of those that were answered."""
MAX_CONTINUATIONS = 8
SETTINGS = (
    (Setting.MAX_CONCURRENT_STREAMS, MAX_STREAMS),
    (Setting.INITIAL_WINDOW_SIZE, WINDOW),
    (Setting.MAX_HEADER_LIST_SIZE, MAX_BLOCK_BYTES),
)


@dataclass(slots=True, eq=False)
class Http2Stream:
    """A request whose answer isn't complete."""

    number: int
    headers: Headers
    body: bytes | bytearray = b""
    """The body so far."""
    whole: bool = False
    """Whether the client has sent all of it."""
    answered: bool = False
    window: int = WINDOW
    """Bytes that the client may still send."""
    begun: float = field(default_factory=time.monotonic)
    """When its headers came."""

    def add(self, data: bytes) -> None:
        """Append a part of the body, which may be of one byte."""
        if not self.body:
            self.body = data
            return
        if isinstance(self.body, bytes):
            self.body = bytearray(self.body)
        self.body += data


class StreamHandler(Protocol):
    """Answers the requests of a connection by its ``answer``, at once or later."""

    def grown(self, stream: Http2Stream, more: int, /) -> None:
        """A part of ``more`` bytes has arrived, and others are to follow."""

    def requested(self, stream: Http2Stream, /) -> None:
        """The request is complete."""

    def cancelled(self, stream: Http2Stream, /) -> None:
        """The client doesn't wait for the answer, or the connection is lost."""
