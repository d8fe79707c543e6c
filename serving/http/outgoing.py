"""A bounded HTTP/1.1 client over asyncio's streams, for what a server sends on its own account.

It follows no redirect and reads no proxy from the environment: a token goes only where it should.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import httptools

BROKEN = (OSError, httptools.HttpParserError, ValueError)
"""Errors of an exchange without a whole answer."""
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class OutgoingAddress:
    """The destination of requests; TLS is verified with the certificates of this system."""

    host: str
    port: int
    target: str
    """Path and query."""
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str) -> Self:
        """The address of an ``http`` or ``https`` URL."""
        parts = urlsplit(url)
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        port = parts.port or (443 if tls else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname or "", port, target, tls)

    def head(self, size: int, headers: Mapping[str, str]) -> bytes:
        """The head of a POST with a body of ``size`` bytes; ``headers`` are ASCII."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = {"host": f"{host}:{self.port}", "content-length": str(size)}
        lines = [f"{name}: {value}" for name, value in {**own, **headers}.items()]
        return "\r\n".join([f"POST {self.target} HTTP/1.1", *lines, "", ""]).encode("ascii")


@dataclass
class OutgoingAnswer:
    """A whole answer, as httptools' parser makes it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """By lower-case name."""
    parts: list[bytes] = field(default_factory=list)
    complete: bool = False

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.parts)

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser found a header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        """The parser found a part of the body."""
        self.parts.append(part)

    def on_message_complete(self) -> None:
        """The parser found the end."""
        self.complete = True


class OutgoingConnection:
    """A connection that is kept for the next request; for one request at a time."""

    def __init__(self, address: OutgoingAddress, max_answer_bytes: int) -> None:
        self._address = address
        self._max = max_answer_bytes
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> OutgoingAnswer:
        """Send head and body; raises one of ``BROKEN`` without a whole answer.

        It has no time limit: put it into ``asyncio.timeout``, and ``close`` after it ended early.
        """
        reused = self._streams is not None
        try:
            return await self._exchange(request)
        except ConnectionError:
            # A kept connection may have been closed while it was idle.
            if not reused:
                raise
            self.close()
            return await self._exchange(request)

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._streams[1].transport.abort()
            self._streams = None

    async def _exchange(self, request: bytes) -> OutgoingAnswer:
        if self._streams is None:
            address = self._address
            self._streams = await asyncio.open_connection(
                address.host, address.port, ssl=address.tls, limit=_READ_BYTES
            )
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        answer = OutgoingAnswer()
        parser = httptools.HttpResponseParser(answer)
        size = 0
        while not answer.complete:
            part = await reader.read(_READ_BYTES)
            if not part:
                if size:
                    raise ValueError("the connection ended before the answer was complete")
                raise ConnectionResetError("the connection was closed without an answer")
            size += len(part)
            if size > self._max:
                raise ValueError(f"expected an answer of at most {self._max} bytes")
            parser.feed_data(part)
        answer.status = parser.get_status_code()
        if not parser.should_keep_alive():
            self.close()
        return answer
