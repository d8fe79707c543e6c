"""Header blocks (HPACK, RFC 7541): reads a client's, writes ours without a dynamic table.

A client repeats the fields of a call, and after the first ones its blocks change nothing in the
tables. While these stay as they are, the same bytes are the same fields, and are decoded once.
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
MAX_KEPT_BYTES = 512
"""Of a block that is kept."""
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
        if changes_tables(block):
            self._kept.clear()
        elif len(self._kept) < MAX_KEPT and len(block) <= MAX_KEPT_BYTES:
            self._kept[block] = fields
        return fields


def changes_tables(block: bytes) -> bool:
    r"""Whether a valid block adds to the dynamic table, or changes its size (RFC 7541, 6).

    >>> changes_tables(b"\x82\x84"), changes_tables(b"\x20")
    (False, True)
    """
    at = 0
    while at < len(block):
        first = block[at]
        if first & 0x80:
            _, at = _integer(block, at, 7)
            continue
        if first & 0x60:  # with indexing, or a new size
            return True
        index, at = _integer(block, at, 4)
        for _ in range(1 if index else 2):  # a name that no table has, and the value
            size, at = _integer(block, at, 7)
            at += size
    return False


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """The integer at ``at`` with a prefix of ``bits`` (RFC 7541, 5.1), and where it ends."""
    most = (1 << bits) - 1
    value, shift = block[at] & most, 0
    at += 1
    if value < most:
        return value, at
    while True:
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


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
