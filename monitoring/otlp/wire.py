"""The wire format of Protocol Buffers, as far as OTLP's metrics need it.

Source: https://protobuf.dev/programming-guides/encoding. A field is its number and wire type in one
varint, then the value; fields that are absent have their default.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_VARINT, _FIXED64, _LENGTH = 0, 1, 2


def varint(number: int) -> bytes:
    """A non-negative integer, 7 bits a byte, the lowest first."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def unsigned(field: int, number: int) -> bytes:
    """A field of type ``uint32``, ``bool`` or an enumeration."""
    return varint(field << 3 | _VARINT) + varint(number)


def fixed(field: int, number: int) -> bytes:
    """A field of type ``fixed64``."""
    return varint(field << 3 | _FIXED64) + struct.pack("<Q", number)


def double(field: int, number: float) -> bytes:
    """A field of type ``double``."""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", number)


def message(field: int, content: bytes) -> bytes:
    """A field whose value is a message or bytes."""
    return varint(field << 3 | _LENGTH) + varint(len(content)) + content


def text(field: int, content: str) -> bytes:
    """A field of type ``string``."""
    return message(field, content.encode())


def packed_fixed(field: int, numbers: Sequence[int]) -> bytes:
    """A field of type ``repeated fixed64``."""
    return message(field, struct.pack(f"<{len(numbers)}Q", *numbers))


def packed_doubles(field: int, numbers: Sequence[float]) -> bytes:
    """A field of type ``repeated double``."""
    return message(field, struct.pack(f"<{len(numbers)}d", *numbers))
