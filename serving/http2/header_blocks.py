"""Header blocks (HPACK, RFC 7541): reads a client's, writes ours without a dynamic table.

A client repeats the fields of a call, so after the first one its block consists of indexes into
the tables. Such a block doesn't change the tables: while they stay as they are, the same bytes are
the same fields, and are decoded once.
"""

from __future__ import annotations

from collections.abc import Mapping

from hpack import Decoder
from hpack.exceptions import HPACKError

from serving.http2.frames import Code, ConnectionFailedError

MAX_BLOCK_BYTES = 1 << 16
"""Bytes of one header block, and of its decoded fields."""
MAX_KEPT = 16
"""Decoded blocks that a connection keeps."""
MAX_KEPT_BYTES = 64
"""Of a block that is kept."""
_INDEXED = 0x80
_LONG_INDEX = 0xFF
STATUS_200 = b"\x88"
"""``:status: 200`` of the static table."""

Headers = Mapping[bytes, bytes]


class HeaderReader:
    """Decodes the header blocks of one connection, in their order."""

    def __init__(self) -> None:
        self._decoder = Decoder(max_header_list_size=MAX_BLOCK_BYTES)
        self._kept: dict[bytes, Headers] = {}

    def read(self, block: bytes) -> Headers:
        """The fields; of a name that comes twice, the values joined by commas.

        Raises ``ConnectionFailedError``: after an invalid block the tables are unknown.
        """
        known = self._kept.get(block)
        if known is not None:
            return known
        fields: dict[bytes, bytes] = {}
        try:
            for name, value in self._decoder.decode(block, raw=True):
                fields[name] = fields[name] + b"," + value if name in fields else value
        except HPACKError as error:
            raise ConnectionFailedError(
                Code.COMPRESSION_ERROR, f"a header block can't be read: {error}"
            ) from error
        if block and min(block) >= _INDEXED and _LONG_INDEX not in block:
            if len(self._kept) < MAX_KEPT and len(block) <= MAX_KEPT_BYTES:
                self._kept[block] = fields
        else:
            self._kept.clear()
        return fields


def literal(name: bytes, value: bytes) -> bytes:
    r"""A field that no table keeps, without Huffman coding.

    >>> literal(b"grpc-status", b"0")
    b'\x00\x0bgrpc-status\x010'
    """
    return b"\x00" + _length(len(name)) + name + _length(len(value)) + value


def _length(size: int) -> bytes:
    """An integer with a prefix of seven bits (RFC 7541, 5.1)."""
    if size < 127:
        return bytes([size])
    encoded, rest = bytearray([127]), size - 127
    while rest >= 128:
        encoded.append(rest & 127 | 128)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)
