"""The frames of an HTTP/2 client, made by hand, for what no library would send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpack import Decoder, Encoder

from serving.http2.frames import (
    END_HEADERS,
    END_STREAM,
    HEAD_BYTES,
    PREFACE,
    WORD,
    Frame,
    Kind,
    frame,
    frame_at,
)

SETTINGS = frame(Kind.SETTINGS, 0, 0)
HELLO = PREFACE + SETTINGS
FIELDS = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/a.B/C"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)


class Frames:
    """Makes requests with the tables of one connection."""

    def __init__(self) -> None:
        self._encoder = Encoder()

    def head(self, stream: int, flags: int = END_HEADERS, fields: Sequence = FIELDS) -> bytes:
        return frame(Kind.HEADERS, flags, stream, self._encoder.encode(fields))

    def request(self, stream: int, body: bytes = b"body", fields: Sequence = FIELDS) -> bytes:
        return self.head(stream, END_HEADERS, fields) + data(stream, body)


def data(stream: int, body: bytes, flags: int = END_STREAM) -> bytes:
    return frame(Kind.DATA, flags, stream, body)


def update(stream: int, size: int) -> bytes:
    return frame(Kind.WINDOW_UPDATE, 0, stream, WORD.pack(size))


def frames(received: bytes) -> Iterator[Frame]:
    """The frames in what a server sent."""
    at = 0
    while (one := frame_at(received, at)) is not None:
        at += HEAD_BYTES + len(one.payload)
        yield one
    assert at == len(received)


def fields(one: Frame) -> dict[bytes, bytes]:
    """The fields of a header block that uses no dynamic table."""
    return dict(Decoder().decode(one.payload, raw=True))
