"""Encodes requests to the model's process, whose own encoder is the standard library's."""

from __future__ import annotations

import orjson

from modelhost.wire import MAGIC, MAX_JOINED_BYTES, PREFIX, Buffer, Message, encoded


def encoded_request(message: Message) -> list[Buffer]:
    """What ``encoded`` gives, read as the same message; all numbers in the header are finite.

    It takes a fifth of the time for the header of one row.
    """
    lengths = [len(buffer) for buffer in message.buffers]
    try:
        header = orjson.dumps({**message.header, "buffers": lengths})
    except orjson.JSONEncodeError:  # a lone surrogate, or an integer beyond 64 bits
        return encoded(message)
    size = sum(lengths)
    prefix = PREFIX.pack(MAGIC, len(header), size)
    if size <= MAX_JOINED_BYTES:
        return [b"".join((prefix, header, *message.buffers))]
    return [prefix + header, *message.buffers]
