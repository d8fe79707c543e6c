"""The bytes of a pickle: read once, from the beginning, counted and limited."""

from __future__ import annotations

from typing import Any

STEP = 1 << 18
MAX_LINE = 16 << 20
"""Bytes of a line, as the opcodes of protocol 0 have them."""


class UnreadableError(Exception):
    """The file can't be read to its end; the message says why."""


class PickleStream:
    """A stream, and the number of bytes that were read from it."""

    def __init__(self, file: Any, limit: int, size: int | None = None) -> None:
        """``limit``: the bytes that may be read; ``size``: those on disk, if they are others."""
        self.size = limit if size is None else size
        self._file = file
        self._limit = limit
        self.buffer = b""
        self.position = 0
        self.before = 0

    @property
    def offset(self) -> int:
        """Of the byte that is read next, in the decompressed stream."""
        return self.before + self.position

    def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes; raises ``UnreadableError`` if fewer are left."""
        start = self.position
        end = start + count
        if end > len(self.buffer):
            self._fill(count)
            start, end = 0, count
        self.position = end
        return self.buffer[start:end]

    def skip(self, count: int) -> None:
        """Pass ``count`` bytes over, without keeping them."""
        self._allow(count)
        while count > 0:
            count -= len(self.read(min(count, STEP)))

    def readline(self) -> bytes:
        """The bytes up to a newline, included."""
        end = self.buffer.find(b"\n", self.position)
        searched = len(self.buffer) - self.position
        while end < 0:
            if searched > MAX_LINE:
                raise UnreadableError(f"has a line of more than {MAX_LINE:,} bytes")
            self._fill(searched + 1)
            end = self.buffer.find(b"\n", searched)
            searched = len(self.buffer)
        return self.read(end + 1 - self.position)

    def starts_with(self, prefix: bytes) -> bool:
        """Whether the next bytes are ``prefix``; none is read."""
        if len(self.buffer) - self.position < len(prefix):
            self._drop()
            while len(self.buffer) < len(prefix) and (part := self._file.read(STEP)):
                self.buffer += part
        return self.buffer.startswith(prefix, self.position)

    def at_end(self) -> bool:
        """Whether no byte is left."""
        if self.position < len(self.buffer):
            return False
        self._drop()
        self.buffer = self._file.read(STEP)
        return not self.buffer

    def _fill(self, count: int) -> None:
        """Have ``count`` bytes at the beginning of the buffer."""
        self._allow(count)
        self._drop()
        parts, length = [self.buffer], len(self.buffer)
        while length < count:
            part = self._file.read(max(STEP, min(count - length, 64 * STEP)))
            if not part:
                raise UnreadableError(f"is cut off after {self.before + length:,} bytes")
            parts.append(part)
            length += len(part)
        self.buffer = b"".join(parts)

    def _drop(self) -> None:
        self.before += self.position
        self.buffer = self.buffer[self.position :]
        self.position = 0

    def _allow(self, count: int) -> None:
        if count > self._limit - self.offset:
            raise UnreadableError(
                f"asks for {count:,} bytes at byte {self.offset:,}, of which at most"
                f" {max(0, self._limit - self.offset):,} are there"
            )
