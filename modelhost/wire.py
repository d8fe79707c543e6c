"""Messages on a stream socket: a JSON header and binary buffers.

    offset  size  content
    0       4     ``MHW1``: the protocol and its version
    4       4     length of the header in bytes, unsigned, little-endian
    8       8     length of the payload in bytes, unsigned, little-endian
    16      h     header: one JSON object in UTF-8; ``"buffers"`` lists the lengths of the buffers
    16 + h  p     payload: the buffers, without gaps

Either side closes the connection on a message that breaks these rules. The buffers of columns are
described in :mod:`modelhost.columns`.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable, Mapping, NamedTuple, Optional, Union

from modelhost.short_wait import ShortWait

MAGIC = b"MHW1"
PREFIX = struct.Struct("<4sIQ")
MAX_HEADER_BYTES = 64 << 20
MAX_PAYLOAD_BYTES = 1 << 40
MAX_BUFFERS = 1 << 20
MAX_JOINED_BYTES = 1 << 16
"""Up to this size a message is sent by one call, which costs more than a copy of the bytes."""
_FIRST, _CHUNK = 1 << 13, 1 << 18
_ENDED = "the connection ended within a message"
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().decode

LOOK_SECONDS = 0.0002
"""Seconds for which a receiver looks for a message before it sleeps until one comes."""

Buffer = Union[bytes, bytearray, memoryview]


class WireError(Exception):
    """The other side sent something else than a message, or ended within one."""


class Message(NamedTuple):
    """One message; ``buffers`` are views of one block of memory."""

    header: dict[str, Any]
    buffers: Sequence[Buffer] = ()


class EncodedMessage(Message):
    """A message of another protocol; ``buffers`` are its bytes, prefix and header included."""


Forms = Mapping[bytes, Callable[[memoryview, int], Optional[Message]]]
"""Other protocol → what reads header and payload, and the size of the header.

None announces a message, as an exception says that these bytes are none.
"""


def encoded(message: Message) -> list[Buffer]:
    """The parts of a message, in order: prefix and header, then the buffers.

    A small message is one part.
    """
    if type(message) is EncodedMessage:
        return [*message.buffers]
    lengths = [len(buffer) for buffer in message.buffers]
    header, size = _encode({**message.header, "buffers": lengths}).encode(), sum(lengths)
    prefix = PREFIX.pack(MAGIC, len(header), size)
    if size <= MAX_JOINED_BYTES:
        return [b"".join((prefix, header, *message.buffers))]
    return [prefix + header, *message.buffers]


def roundtrip(message: Message) -> Message:
    """The message as the other side would receive it."""
    (received,) = MessageDecoder().feed(b"".join(encoded(message)))
    return received


class MessageDecoder:
    """Reassembles messages from pieces of a stream of one connection."""

    def __init__(
        self,
        max_header: int = MAX_HEADER_BYTES,
        max_payload: int = MAX_PAYLOAD_BYTES,
        forms: Forms | None = None,
    ) -> None:
        """``forms``: other protocols that are understood."""
        self._forms = forms or {}
        self._max_header = max_header
        self._max_payload = max_payload
        self._data = bytearray()
        self._needed = PREFIX.size

    @property
    def idle(self) -> bool:
        """Whether no message has begun."""
        return not self._data

    def feed(self, piece: Buffer) -> Iterable[Message]:
        """The messages that ``piece`` completes; anything else raises ``WireError``."""
        if not self._data and len(piece) >= PREFIX.size and isinstance(piece, bytes):
            magic, header, payload = self._prefix(piece)
            if PREFIX.size + header + payload == len(piece):  # one message, which is not copied
                message = self._message(magic, memoryview(piece)[PREFIX.size :], header)
                return () if message is None else (message,)
        return self._joined(piece)

    def _joined(self, piece: Buffer) -> Iterator[Message]:
        """The messages that end within ``piece``, and may have begun before it."""
        self._data += piece
        while len(self._data) >= self._needed:
            magic, header, payload = self._prefix(self._data)
            self._needed = PREFIX.size + header + payload
            if len(self._data) < self._needed:
                return
            block = memoryview(self._taken()).toreadonly()
            self._needed = PREFIX.size
            message = self._message(magic, block[PREFIX.size :], header)
            if message is not None:
                yield message

    def _prefix(self, data: Buffer) -> tuple[bytes, int, int]:
        magic, header, payload = PREFIX.unpack_from(data)
        if magic not in self._forms:
            _check_magic(magic)
        if header > self._max_header or payload > self._max_payload:
            raise _too_long(header, payload, self._max_header, self._max_payload)
        return magic, header, payload

    def _message(self, magic: bytes, block: memoryview, header: int) -> Message | None:
        """The message that ``block`` holds; None if it announces one."""
        form = self._forms.get(magic)
        if form is None:
            return _message(block, header)
        try:
            return form(block, header)
        except (ValueError, TypeError, EOFError, RecursionError, struct.error) as error:
            raise WireError(f"expected a message of {magic!r}, got another") from error

    def _taken(self) -> bytearray:
        """The first message, which ``_data`` no longer holds; not copied if it is the only one."""
        block, size = self._data, self._needed
        self._data = bytearray() if len(block) == size else block[size:]
        del block[size:]
        return block


def send(connection: socket.socket, message: Message) -> None:
    """Send a message on a blocking socket; raises ``OSError``.

    Not by ``sendmsg``, which confinement denies because it can name an address.
    """
    for part in encoded(message):
        connection.sendall(part)


class Receiver:
    """The messages of a blocking socket, whose bytes are read as they arrive.

    A small message takes one call of the system, where ``receive`` takes two. Where a processor is
    free, a message is looked for before the process sleeps, for a fifth of a millisecond: one that
    is announced, and one after a message that came so soon after the last.
    """

    def __init__(
        self, connection: socket.socket, forms: Forms | None = None, processors: int = 1
    ) -> None:
        """Nothing else reads ``connection`` from now on; ``forms``: other protocols.

        ``processors``: how many there are for both sides.
        """
        self._connection = connection
        self._ready = select.poll()
        self._ready.register(connection, select.POLLIN)
        self._decoder = MessageDecoder(forms=forms)
        self._arrived: deque[Message] = deque()
        self._next = ShortWait(processors, LOOK_SECONDS, soon=False)
        self._announced = ShortWait(processors, LOOK_SECONDS)

    def receive(self) -> Message | None:
        """As the function ``receive``."""
        if not self._arrived:
            began = time.monotonic()
            self._next.look(self._look, None)
            received = self._read()
            self._next.took(time.monotonic() - began)
            while received and not self._arrived:
                if self._decoder.idle:  # what came was an announcement
                    self._announced.look(self._look, None)
                received = self._read()
        return self._arrived.popleft() if self._arrived else None

    def _read(self) -> bool:
        """Take what arrives next; whether it wasn't the end of the stream."""
        piece = self._connection.recv(_FIRST if self._decoder.idle else _CHUNK)
        if not piece and not self._decoder.idle:
            raise WireError(_ENDED)
        self._arrived.extend(self._decoder.feed(piece))
        return bool(piece)

    def _look(self) -> bool | None:
        """Whether something has arrived, or the stream has ended; None if not."""
        return True if self._ready.poll(0) else None


def receive(connection: socket.socket, max_payload: int = MAX_PAYLOAD_BYTES) -> Message | None:
    """The next message of a blocking socket; None if the other side has closed it.

    Raises ``WireError``, and ``OSError`` as the socket does (a timeout among them).
    """
    prefix = _read(connection, PREFIX.size, may_end=True)
    if prefix is None:
        return None
    magic, header, payload = PREFIX.unpack_from(prefix)
    _check_magic(magic)
    if header > MAX_HEADER_BYTES or payload > max_payload:
        raise _too_long(header, payload, MAX_HEADER_BYTES, max_payload)
    block = _read(connection, header + payload)
    assert block is not None
    return _message(memoryview(block), header)


def _read(connection: socket.socket, size: int, *, may_end: bool = False) -> bytearray | None:
    """``size`` bytes; None if the stream ends before the first one and ``may_end``."""
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(_CHUNK, size - len(data)))
        if not piece:
            if may_end and not data:
                return None
            raise WireError(_ENDED)
        data += piece
    return data


def _check_magic(magic: bytes) -> None:
    if magic != MAGIC:
        raise WireError(f"expected {MAGIC!r} at the start of a message, got {magic!r}")


def _too_long(header: int, payload: int, max_header: int, max_payload: int) -> WireError:
    return WireError(
        f"expected a header of at most {max_header} and a payload of at most {max_payload} bytes,"
        f" got {header} and {payload}"
    )


def _message(block: memoryview, header_size: int) -> Message:
    try:
        header = _decode(str(block[:header_size], "utf-8", "surrogatepass"))
        lengths = header.pop("buffers")
        whole = len(lengths) <= MAX_BUFFERS and all(
            type(length) is int and length >= 0 for length in lengths
        )
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise WireError("expected a JSON object with buffers as header, got another") from error
    if not whole or sum(lengths) != len(block) - header_size:
        raise WireError("expected buffers that fill the payload, got others")
    buffers, start = [], header_size
    for length in lengths:
        buffers.append(block[start : start + length])
        start += length
    return Message(header, buffers)
