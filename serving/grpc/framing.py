"""The message of a unary call: five bytes before it, and perhaps compression."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from serving.http.messages import RequestError

PREFIX = struct.Struct(">BI")
ACCEPTED = b"identity,gzip"
_GZIP = 16 + zlib.MAX_WBITS


def framed(message: bytes) -> bytes:
    """``message``, not compressed, with its five bytes."""
    return PREFIX.pack(0, len(message)) + message


def message_of(body: bytes | bytearray, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The single message in ``body``, of at most ``limit`` bytes.

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
    return _inflated(message, headers.get(b"grpc-encoding"), limit) if compressed else message


def too_large(limit: int) -> RequestError:
    """413: a message of more than ``limit`` bytes."""
    return RequestError(413, "too_large", "the message is too large", expected=f"<= {limit} bytes")


def _inflated(message: bytes, encoding: bytes | None, limit: int) -> bytes:
    if encoding != b"gzip":
        got = (encoding or b"none")[:20].decode("latin-1")
        raise RequestError(
            501, "content_encoding", "grpc-encoding", expected=ACCEPTED.decode(), got=got
        )
    reader = zlib.decompressobj(_GZIP)
    try:
        found = reader.decompress(message, limit + 1)
    except zlib.error as error:
        raise RequestError(400, "malformed_request", "the message is no gzip data") from error
    if len(found) > limit:
        raise too_large(limit)
    if not reader.eof or reader.unused_data:
        raise RequestError(400, "malformed_request", "the message is no gzip data")
    return found


def _malformed(expected: str, got: int) -> RequestError:
    return RequestError(400, "malformed_request", "the body", expected=expected, got=f"{got} bytes")
