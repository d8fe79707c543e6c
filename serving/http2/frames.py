"""Frames of HTTP/2 (RFC 9113, 4 and 6): their parts, and what may be wrong with one."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9
MAX_FRAME_BYTES = 16_384
"""The largest payload that a peer has to take, and that it may send us."""
MAX_WINDOW = (1 << 31) - 1
INITIAL_WINDOW = 65_535
ACK = END_STREAM = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITY_FLAG = 0x20

HEAD = struct.Struct(">HBBBI")
"""Of a frame: the length in 16 and 8 bits, the type, the flags, the stream."""
WORD = struct.Struct(">I")
SETTING = struct.Struct(">HI")


class Kind(IntEnum):
    """Types of frames."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Code(IntEnum):
    """Error codes (RFC 9113, 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class Setting(IntEnum):
    """Settings that matter to a server that pushes nothing."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class ConnectionFailedError(Exception):
    """The connection can't go on; it ends with GOAWAY and ``code``."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(slots=True)
class Frame:
    """One frame as it was received."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def frame(kind: Kind, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame; ``payload`` has at most ``MAX_FRAME_BYTES`` unless the peer's allows.

    >>> frame(Kind.SETTINGS, ACK, 0).hex()
    '000000040100000000'
    """
    size = len(payload)
    return HEAD.pack(size >> 8, size & 255, kind, flags, stream) + payload


def frame_at(data: bytes, at: int) -> Frame | None:
    """The frame that begins at ``at``; None if it isn't complete.

    Raises ``ConnectionFailedError`` for a payload of more than ``MAX_FRAME_BYTES``.
    """
    if len(data) - at < HEAD_BYTES:
        return None
    high, low, kind, flags, stream = HEAD.unpack_from(data, at)
    size = high << 8 | low
    if size > MAX_FRAME_BYTES:
        raise ConnectionFailedError(
            Code.FRAME_SIZE_ERROR, f"expected a frame of at most {MAX_FRAME_BYTES} bytes"
        )
    start = at + HEAD_BYTES
    if len(data) - start < size:
        return None
    return Frame(kind, flags, stream & MAX_WINDOW, data[start : start + size])


def unpadded(one: Frame) -> bytes:
    """The payload of a DATA or HEADERS frame without its padding and its priority."""
    payload, start, end = one.payload, 0, len(one.payload)
    if one.flags & PADDED:
        if not payload:
            raise ConnectionFailedError(Code.FRAME_SIZE_ERROR, "a padded frame is empty")
        start, end = 1, end - payload[0]
    if one.kind == Kind.HEADERS and one.flags & PRIORITY_FLAG:
        start += 5
    if start > end:
        raise ConnectionFailedError(Code.PROTOCOL_ERROR, "a frame has more padding than payload")
    return payload[start:end]


def settings_of(payload: bytes) -> list[tuple[int, int]]:
    """Pairs of a SETTINGS frame; raises ``ConnectionFailedError`` for invalid ones."""
    if len(payload) % SETTING.size:
        raise ConnectionFailedError(Code.FRAME_SIZE_ERROR, "the settings are cut off")
    pairs = list(SETTING.iter_unpack(payload))
    for name, value in pairs:
        if name == Setting.INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
            raise ConnectionFailedError(Code.FLOW_CONTROL_ERROR, "the window is too large")
        if name == Setting.MAX_FRAME_SIZE and not MAX_FRAME_BYTES <= value < 1 << 24:
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "the frame size is out of range")
        if name == Setting.ENABLE_PUSH and value > 1:
            raise ConnectionFailedError(Code.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1")
    return pairs


def word_of(one: Frame) -> int:
    """The 31 bits of a WINDOW_UPDATE, or the 32 of RST_STREAM; raises ``ConnectionFailedError``."""
    if len(one.payload) != WORD.size:
        raise ConnectionFailedError(Code.FRAME_SIZE_ERROR, "a frame's payload is not of 4 bytes")
    return int(WORD.unpack(one.payload)[0])
