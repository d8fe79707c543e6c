"""The message of a unary call: five bytes before it, and perhaps compression."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from serving.http.messages import RequestError

PREFIX = struct.Struct(">BI")
ACCEPTED = b"identity,gzip"


def framed(message: bytes) -> bytes:
    """``message``, not compressed, with its five bytes."""
    return PREFIX.pack(0, len(message)) + message


def message_of(
    body: bytes | bytearray, headers: Mapping[bytes, bytes], limit: int
) -> tuple[bytes, str | None]:
    """The single message in ``body``, of at most ``limit`` bytes, and how it is compressed.

    Raises ``RequestError``: 400 for another number of messages, 413, 501 for another compression.
    """
    if len(body) < PREFIX.size:
        raise _malformed("no message", len(body))
    compressed, size = PREFIX.unpack_from(body)
    if size > limit:
        raise too_large(limit)
    if size != len(body) - PREFIX.size or compressed > 1:
        raise _malformed("one message, of the length that its prefix says", len(body))
    message = bytes(memoryview(body)[PREFIX.size :])
    if not compressed:
        return message, None
    encoding = headers.get(b"grpc-encoding")
    if encoding != b"gzip":
        got = (encoding or b"none")[:20].decode("latin-1")
        raise RequestError(
            501, "content_encoding", "grpc-encoding", expected=ACCEPTED.decode(), got=got
        )
    return message, "gzip"


def too_large(limit: int) -> RequestError:
    """413: a message of more than ``limit`` bytes."""
    return RequestError(413, "too_large", "the message is too large", expected=f"<= {limit} bytes")


def _malformed(expected: str, got: int) -> RequestError:
    return RequestError(400, "malformed_request", "the body", expected=expected, got=f"{got} bytes")
