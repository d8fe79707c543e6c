"""Sockets of a server's own processes, which have no name that others could connect to."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

BACKLOG = 1_024


@dataclass(frozen=True)
class PrivateSocket:
    """A listening socket, which outlives the process that accepts from it."""

    listening: socket.socket
    path: int
    """A descriptor by which this server's processes name the socket, which has no other name."""

    @classmethod
    def make(cls, folder: Path, name: str) -> Self:
        """Listen; ``name`` is unique in ``folder`` for a moment. Raises ``OSError``."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        link = f"/proc/self/fd/{descriptor}/{name}"  # the folder's own path may be too long
        try:
            listening.bind(link)
            path = os.open(link, os.O_PATH)
            os.unlink(link)
        finally:
            os.close(descriptor)
        listening.listen(BACKLOG)
        return cls(listening, path)

    @property
    def address(self) -> str:
        """The address for a process that has inherited ``path``."""
        return f"/proc/self/fd/{self.path}"
