"""One connection of HTTP/2 (RFC 9113), without its socket: bytes in, requests out, bytes out.

It serves requests with one body and one answer, which is what unary calls of gRPC are. Bounds:
streams open at once, resets, the size of frames and of header blocks, requests handled in a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from serving.http2.frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    HEAD_BYTES,
    INITIAL_WINDOW,
    MAX_WINDOW,
    PREFACE,
    SETTING,
    WORD,
    Code,
    ConnectionFailedError,
    Frame,
    Kind,
    frame,
    frame_at,
    settings_of,
    unpadded,
    word_of,
)
from serving.http2.header_blocks import MAX_BLOCK_BYTES, HeaderReader
from serving.http2.sending import Sender
from serving.http2.streams import (
    MAX_AT_ONCE,
    MAX_CONTINUATIONS,
    MAX_RESETS,
    MAX_STREAMS,
    SETTINGS,
    WINDOW,
    Http2Stream,
    StreamHandler,
)


class Http2Connection:
    """The state of a connection; ``write`` gets the bytes to send."""

    def __init__(self, handler: StreamHandler, write: Callable[[bytes], None]) -> None:
        self.streams: dict[int, Http2Stream] = {}
        """Requests without a complete answer, by number."""
        self.ended = False
        """Whether nothing more is read; the socket is to be closed once all is written."""
        self.sender = Sender()
        self._handler = handler
        self._write = write
        self._out: list[bytes] = []
        self._working = False
        self._data = b""
        self._greeted = False
        self._headers = HeaderReader()
        self._block: tuple[int, int, list[bytes]] | None = None
        """Stream, flags and parts of a header block that goes on."""
        self._last = 0
        self._refused_after = MAX_WINDOW
        self._window = WINDOW
        self._resets = 0
        self._handled = 0

    @property
    def is_partial(self) -> bool:
        """Whether a frame, or a header block, has arrived in part."""
        return bool(self._data) or self._block is not None or not self._greeted

    @property
    def is_new(self) -> bool:
        """Whether nothing has arrived."""
        return not self._greeted and not self._data

    def begin(self) -> None:
        """Send our settings, which the client expects first."""
        pairs = b"".join(SETTING.pack(*pair) for pair in SETTINGS)
        update = WORD.pack(WINDOW - INITIAL_WINDOW)
        self._send(frame(Kind.SETTINGS, 0, 0, pairs), frame(Kind.WINDOW_UPDATE, 0, 0, update))

    def receive(self, data: bytes) -> bool:
        """Handle ``data``; whether some is left for another turn, by a call with ``b""``."""
        self._data = self._data + data if self._data else data
        self._working, self._handled = True, 0
        try:
            return self._advance()
        except ConnectionFailedError as error:
            self.fail(error.code, error.why)
            return False
        finally:
            self._working = False
            self._flush()

    def answer(
        self, stream: Http2Stream, head: bytes, body: bytes = b"", trailers: bytes = b""
    ) -> None:
        """Answer a request; without ``trailers`` the head is the whole answer."""
        if not self.ended and stream.number in self.streams and not stream.answered:
            stream.answered, stream.body = True, b""
            frames, done = self.sender.answer(stream.number, head, body, trailers)
            self._resume((frames, (stream.number,) if done else ()))

    def go_on(
        self, stream: Http2Stream, head: bytes = b"", body: bytes = b"", trailers: bytes = b""
    ) -> None:
        """Send a part of an answer, which begins with its head and ends with ``trailers``."""
        if not self.ended and stream.number in self.streams and not stream.answered:
            stream.answered = bool(trailers)
            frames, done = self.sender.go_on(stream.number, head, body, trailers)
            self._resume((frames, (stream.number,) if done else ()))

    def drain(self) -> None:
        """Announce the end: requests that the client has sent by now will be answered."""
        if not self.ended:
            self._send(self._goaway(MAX_WINDOW, Code.NO_ERROR))

    def refuse_further(self) -> None:
        """Take no more requests; those that came are answered."""
        if not self.ended and self._refused_after == MAX_WINDOW:
            self._refused_after = self._last
            self._send(self._goaway(self._last, Code.NO_ERROR))

    def fail(self, code: Code, why: str) -> None:
        """End the connection because of what the client did."""
        self._send(self._goaway(self._last, code, why.encode()))
        self.lost()

    def lost(self) -> None:
        """Cancel every request; nothing more is read or sent."""
        self.ended, self._data = True, b""
        open_streams, self.streams = [*self.streams.values()], {}
        for stream in open_streams:
            self._handler.cancelled(stream)

    def reset(self, stream: Http2Stream, code: Code) -> None:
        """End one request without an answer."""
        self._send(frame(Kind.RST_STREAM, 0, stream.number, WORD.pack(code)))
        self._forget(stream.number)

    def _send(self, *parts: bytes) -> None:
        self._out += parts
        if not self._working:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            parts, self._out = self._out, []
            self._write(b"".join(parts))

    def _goaway(self, last: int, code: Code, why: bytes = b"") -> bytes:
        return frame(Kind.GOAWAY, 0, 0, WORD.pack(last) + WORD.pack(code) + why)

    def _advance(self) -> bool:
        at = 0
        if not self._greeted:
            if len(self._data) < len(PREFACE) and PREFACE.startswith(self._data):
                return False
            if not self._data.startswith(PREFACE):
                raise ConnectionFailedError(Code.PROTOCOL_ERROR, "expected HTTP/2")
            at, self._greeted = len(PREFACE), True
        while not self.ended and (one := frame_at(self._data, at)) is not None:
            at += HEAD_BYTES + len(one.payload)
            self._handle(one)
            if self._handled >= MAX_AT_ONCE:
                self._data = self._data[at:]
                return bool(self._data)
        self._data = self._data[at:] if not self.ended else b""
        return False

    def _handle(self, one: Frame) -> None:
        kind = one.kind
        if self._block is not None and (kind != Kind.CONTINUATION or one.stream != self._block[0]):
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "a header block was interrupted")
        if kind == Kind.DATA:
            self._take_data(one)
        elif kind == Kind.HEADERS:
            self._take_block(one.stream, one.flags, [unpadded(one)])
        elif kind == Kind.CONTINUATION:
            if self._block is None:
                raise ConnectionFailedError(Code.PROTOCOL_ERROR, "no header block goes on")
            number, flags, parts = self._block
            self._take_block(number, flags | one.flags & END_HEADERS, [*parts, one.payload])
        elif kind == Kind.WINDOW_UPDATE:
            self._take_window(one)
        elif kind == Kind.SETTINGS:
            if not one.flags & ACK:
                self._resume(self.sender.set_up(settings_of(one.payload)))
                self._send(frame(Kind.SETTINGS, ACK, 0))
        elif kind == Kind.PING:
            if len(one.payload) != 8:
                raise ConnectionFailedError(Code.FRAME_SIZE_ERROR, "a PING is not of 8 bytes")
            if not one.flags & ACK:
                self._send(frame(Kind.PING, ACK, 0, one.payload))
        elif kind == Kind.RST_STREAM:
            self._take_reset(one)
        elif kind == Kind.PUSH_PROMISE:
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "a client can't push")

    def _take_block(self, number: int, flags: int, parts: list[bytes]) -> None:
        self._block = None
        if sum(map(len, parts)) > MAX_BLOCK_BYTES or len(parts) > MAX_CONTINUATIONS:
            raise ConnectionFailedError(Code.ENHANCE_YOUR_CALM, "a header block is too large")
        if not flags & END_HEADERS:
            self._block = (number, flags, parts)
            return
        headers = self._headers.read(parts[0] if len(parts) == 1 else b"".join(parts))
        known = self.streams.get(number)
        if known is not None:  # trailers
            if not flags & END_STREAM or known.whole:
                raise ConnectionFailedError(Code.PROTOCOL_ERROR, "trailers don't end the request")
            self._end_stream(known)
            return
        if number <= self._last:
            return  # trailers of a request that has been refused
        if number % 2 == 0:
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "a request has an even number")
        self._last = number
        stream = Http2Stream(number, headers)
        if number > self._refused_after or len(self.streams) >= MAX_STREAMS:
            self._send(frame(Kind.RST_STREAM, 0, number, WORD.pack(Code.REFUSED_STREAM)))
            return
        self.streams[number] = stream
        if flags & END_STREAM:
            self._end_stream(stream)

    def _take_data(self, one: Frame) -> None:
        size = len(one.payload)
        if one.stream > self._last or one.stream == 0:
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "data came before its headers")
        self._window -= size
        if self._window < 0:
            raise ConnectionFailedError(Code.FLOW_CONTROL_ERROR, "more data than allowed")
        if self._window <= WINDOW // 2:
            self._send(frame(Kind.WINDOW_UPDATE, 0, 0, WORD.pack(WINDOW - self._window)))
            self._window = WINDOW
        stream = self.streams.get(one.stream)
        if stream is None:
            return  # it has been refused, or cancelled
        stream.window -= size
        if stream.window < 0 or stream.whole:
            raise ConnectionFailedError(Code.FLOW_CONTROL_ERROR, "more data than allowed")
        data = unpadded(one)
        if not stream.answered:
            stream.add(data)
        if one.flags & END_STREAM:
            self._end_stream(stream)
            return
        if not stream.answered:
            self._handler.grown(stream, len(data))
        if stream.window <= WINDOW // 2 and one.stream in self.streams:
            update = WORD.pack(WINDOW - stream.window)
            self._send(frame(Kind.WINDOW_UPDATE, 0, one.stream, update))
            stream.window = WINDOW

    def _end_stream(self, stream: Http2Stream) -> None:
        stream.whole = True
        if not stream.answered:
            self._handled += 1
            self._handler.requested(stream)

    def _take_window(self, one: Frame) -> None:
        size = word_of(one) & MAX_WINDOW
        if size == 0:
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "a window grows by nothing")
        if one.stream == 0 or one.stream in self.streams:
            self._resume(self.sender.allowed(one.stream, size))

    def _resume(self, resumed: tuple[bytes, Sequence[int]]) -> None:
        if resumed[0]:
            self._send(resumed[0])
        for number in resumed[1]:
            self._complete(number)

    def _take_reset(self, one: Frame) -> None:
        word_of(one)
        stream = self.streams.get(one.stream)
        if stream is None:
            return
        self._forget(one.stream)
        self._resets += 1
        if self._resets > MAX_RESETS:
            raise ConnectionFailedError(Code.ENHANCE_YOUR_CALM, "too many requests are cancelled")

    def _complete(self, number: int) -> None:
        """The answer is sent: the stream ends, whatever the client still sends."""
        stream = self.streams.pop(number)
        self.sender.forget(number)
        self._resets = max(0, self._resets - 1)
        if not stream.whole:
            self._send(frame(Kind.RST_STREAM, 0, number, WORD.pack(Code.NO_ERROR)))
            self._handler.cancelled(stream)

    def _forget(self, number: int) -> None:
        stream = self.streams.pop(number)
        self.sender.forget(number)
        self._handler.cancelled(stream)
