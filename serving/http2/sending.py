"""Data that waits for the client's flow control (RFC 9113, 5.2).

Small answers go out at once. A larger one is sent as far as the windows of its stream and of the
connection allow, and goes on with the client's next WINDOW_UPDATE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.http2.frames import (
    END_HEADERS,
    END_STREAM,
    INITIAL_WINDOW,
    MAX_FRAME_BYTES,
    MAX_WINDOW,
    Code,
    ConnectionFailedError,
    Kind,
    Setting,
    frame,
)


@dataclass(slots=True)
class _Waiting:
    """The rest of an answer."""

    body: memoryview
    trailers: bytes
    """Empty if other parts follow."""


class Sender:
    """The frames of answers, within the client's windows."""

    def __init__(self) -> None:
        self._window = INITIAL_WINDOW
        self._initial = INITIAL_WINDOW
        self._windows: dict[int, int] = {}
        """The changes of the windows of open streams since their start."""
        self._waiting: dict[int, _Waiting] = {}

    @property
    def waits(self) -> bool:
        """Whether a part of an answer waits for the client."""
        return bool(self._waiting)

    @property
    def unsent(self) -> int:
        """Bytes of bodies that wait."""
        return sum(len(one.body) for one in self._waiting.values())

    def answer(self, stream: int, head: bytes, body: bytes, trailers: bytes) -> tuple[bytes, bool]:
        """The frames to send now, and whether they end the stream; blocks as HPACK has them.

        Without ``trailers`` the head is the whole answer.
        """
        if not trailers:
            return frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, head), True
        begun = frame(Kind.HEADERS, END_HEADERS, stream, head)
        size, allowed = len(body), min(self._window, self._initial + self._windows.get(stream, 0))
        if size <= MAX_FRAME_BYTES and size <= allowed:
            self._window -= size
            ended = frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, trailers)
            return begun + frame(Kind.DATA, 0, stream, body) + ended, True
        self._waiting[stream] = _Waiting(memoryview(body), trailers)
        parts, done = self._more(stream)
        return b"".join([begun, *parts]), done

    def go_on(self, stream: int, head: bytes, body: bytes, trailers: bytes) -> tuple[bytes, bool]:
        """Like ``answer`` for a part of one: without ``trailers`` others follow."""
        begun = frame(Kind.HEADERS, END_HEADERS, stream, head) if head else b""
        waiting = self._waiting.get(stream)
        before = b"" if waiting is None else bytes(waiting.body)
        self._waiting[stream] = _Waiting(memoryview(before + body), trailers)
        parts, done = self._more(stream)
        return b"".join([begun, *parts]), done

    def forget(self, stream: int) -> None:
        """The stream has ended."""
        self._windows.pop(stream, None)
        self._waiting.pop(stream, None)

    def allowed(self, stream: int, size: int) -> tuple[bytes, Sequence[int]]:
        """The client takes ``size`` bytes more; what to send now, and the streams that it ends.

        ``stream``: 0 for the connection. Raises ``ConnectionFailedError``.
        """
        if stream == 0:
            self._window += size
            if self._window > MAX_WINDOW:
                raise ConnectionFailedError(Code.FLOW_CONTROL_ERROR, "the window is too large")
            return self._resumed([*self._waiting])
        self._windows[stream] = self._windows.get(stream, 0) + size
        if self._windows[stream] + self._initial > MAX_WINDOW:
            raise ConnectionFailedError(Code.FLOW_CONTROL_ERROR, "the window is too large")
        return self._resumed([stream] if stream in self._waiting else [])

    def set_up(self, pairs: Sequence[tuple[int, int]]) -> tuple[bytes, Sequence[int]]:
        """Apply the client's settings; the result is that of ``allowed``."""
        for name, value in pairs:
            if name == Setting.INITIAL_WINDOW_SIZE:
                self._initial = value
        return self._resumed([*self._waiting])

    def _resumed(self, streams: Sequence[int]) -> tuple[bytes, Sequence[int]]:
        parts, ended = [], []
        for stream in streams:
            more, done = self._more(stream)
            parts += more
            if done:
                ended.append(stream)
        return b"".join(parts), ended

    def _more(self, stream: int) -> tuple[list[bytes], bool]:
        waiting = self._waiting[stream]
        parts: list[bytes] = []
        while waiting.body:
            own = self._initial + self._windows.get(stream, 0)
            size = min(len(waiting.body), MAX_FRAME_BYTES, self._window, own)
            if size <= 0:
                return parts, False
            parts.append(frame(Kind.DATA, 0, stream, bytes(waiting.body[:size])))
            waiting.body = waiting.body[size:]
            self._window -= size
            self._windows[stream] = self._windows.get(stream, 0) - size
        if not waiting.trailers:  # other parts follow
            del self._waiting[stream]
            return parts, False
        parts.append(frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, waiting.trailers))
        del self._waiting[stream]
        return parts, True
