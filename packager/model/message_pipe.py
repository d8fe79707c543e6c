"""Messages of ``modelhost.wire`` on two pipes, such as a process's standard input and output."""

from __future__ import annotations

import os
from collections import deque

from modelhost.wire import Message, MessageDecoder, WireError, encoded

_PIECE = 1 << 18


class MessagePipe:
    """One side of a conversation; one thread may send while another receives."""

    def __init__(self, reading: int, writing: int) -> None:
        """File descriptors, which this object owns."""
        self._reading, self._writing = reading, writing
        self._decoder = MessageDecoder()
        self._waiting: deque[Message] = deque()

    def send(self, message: Message) -> None:
        """Send all of a message; raises ``OSError`` if the other side has closed the pipe."""
        for part in encoded(message):
            unsent = memoryview(part)
            while unsent:
                unsent = unsent[os.write(self._writing, unsent) :]

    def receive(self) -> Message | None:
        """The next message; None if the other side has closed its pipe.

        Raises ``WireError`` for anything else than messages.
        """
        while not self._waiting:
            piece = os.read(self._reading, _PIECE)
            if not piece:
                if not self._decoder.idle:
                    raise WireError("the pipe ended within a message")
                return None
            self._waiting += self._decoder.feed(piece)
        return self._waiting.popleft()

    def end(self) -> None:
        """Say that no further message will be sent; safe to repeat."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    def close(self) -> None:
        """Close both pipes; safe to repeat."""
        self.end()
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1
