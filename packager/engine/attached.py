"""The standard input and output of a running container, as pipes of this process."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from packager.engine.streams import lines

_HEADER = struct.Struct(">BxxxL")
"""Before each piece of output: 1 for stdout, 2 for stderr, and its length in bytes."""
_STDOUT = 1
_PIECE = 1 << 18


class AttachedPipes:
    """Copies between a container's attached socket and two pipes, in threads."""

    def __init__(self, attached: Any, on_line: Callable[[str], None]) -> None:
        """``attached``: what Docker's client returns; ``on_line`` gets each line of stderr."""
        self._attached = attached
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._on_line = on_line
        from_container, self._written = os.pipe()
        self._read, to_container = os.pipe()
        self.ends = (from_container, to_container)
        """This process's side, which its user closes: descriptors to read from and to write to."""
        self._threads = [
            threading.Thread(target=one, daemon=True) for one in (self._receive, self._send)
        ]

    def start(self) -> None:
        """Begin to copy; the container may start afterwards."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Close the socket; the user has closed its ``ends``."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._attached.close()

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # the container has ended: its reader says so
            while piece := os.read(self._read, _PIECE):
                self._socket.sendall(piece)
            self._socket.shutdown(socket.SHUT_WR)
        os.close(self._read)

    def _receive(self) -> None:
        texts: list[bytes] = []
        with contextlib.suppress(OSError, EOFError):
            while True:
                stream, size = _HEADER.unpack(self._exactly(_HEADER.size))
                piece = self._exactly(size)
                if stream == _STDOUT:
                    unread = memoryview(piece)
                    while unread:
                        unread = unread[os.write(self._written, unread) :]
                else:
                    texts.append(piece)
                    if b"\n" in piece:
                        self._pass_lines(texts)
        self._pass_lines(texts)
        os.close(self._written)

    def _pass_lines(self, texts: list[bytes]) -> None:
        for line in lines(texts):
            self._on_line(line)
        texts.clear()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(min(_PIECE, size - len(data)))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)
