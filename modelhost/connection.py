"""A connection of the serving process with one worker: non-blocking, buffered, bounded."""

from __future__ import annotations

import socket
from collections import deque

from modelhost.wire import MAX_HEADER_BYTES, Message, MessageDecoder, WireError, encoded

MAX_UNSENT_BYTES = 1 << 30
"""A worker that leaves more answers unread is disconnected."""
_CHUNK = 1 << 18
_CHUNKS_AT_ONCE = 64
"""Other connections are read before more of one is."""


class Connection:
    """Messages to and from one worker; a slow worker delays no other."""

    def __init__(self, connection: socket.socket, max_payload: int) -> None:
        connection.setblocking(False)
        self.socket = connection
        self._decoder = MessageDecoder(MAX_HEADER_BYTES, max_payload)
        self._unsent: deque[memoryview] = deque()
        self._unsent_bytes = 0

    def read(self) -> list[Message]:
        """Messages that have arrived, as far as they are whole.

        Raises ``WireError`` if the worker has closed the connection or sent anything else.
        """
        messages: list[Message] = []
        for _ in range(_CHUNKS_AT_ONCE):
            try:
                piece = self.socket.recv(_CHUNK)
            except BlockingIOError:
                break
            except OSError as error:
                raise WireError(f"the connection ended: {error}") from error
            if not piece:
                raise WireError("the worker closed the connection")
            messages += self._decoder.feed(piece)
            if len(piece) < _CHUNK:
                break
        return messages

    def send(self, message: Message) -> None:
        """Send a message, or the part that the socket takes; the rest is sent by ``flush``.

        Raises ``WireError`` if the connection has ended or too much is unsent.
        """
        for part in encoded(message):
            self._unsent.append(memoryview(part).cast("B"))
            self._unsent_bytes += len(self._unsent[-1])
        self.flush()
        if self._unsent_bytes > MAX_UNSENT_BYTES:
            raise WireError("the worker does not read its answers")

    @property
    def has_unsent(self) -> bool:
        """Whether ``flush`` is to be called when the socket is writable."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what the socket takes; raises ``WireError`` if the connection has ended.

        Not by ``sendmsg``, which confinement denies because it can name an address.
        """
        try:
            while self._unsent:
                part = self._unsent[0]
                sent = self.socket.send(part) if part else 0
                self._unsent_bytes -= sent
                if sent < len(part):
                    self._unsent[0] = part[sent:]
                else:
                    self._unsent.popleft()
        except BlockingIOError:
            return
        except OSError as error:
            raise WireError(f"the connection ended: {error}") from error
