"""Posts rows to a challenger's server: a bounded HTTP/1.1 client over asyncio's streams."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httptools
import orjson

from packager.errors import UsageError
from serving.shadow.sampled import MARK
from serving.shadow.settings import ShadowSettings, read_token

MAX_ANSWER_BYTES = 16 << 20
MAX_SHOWN = 200
_READ_BYTES = 1 << 16


class ChallengerError(Exception):
    """The challenger gave no answer to these rows; the message says why."""


class RowsRefusedError(ChallengerError):
    """The challenger refuses a row of the request; others may be fine."""


REFUSALS = (400, 413, 422)
"""Status codes that are about the rows."""


@dataclass(frozen=True)
class ChallengerAddress:
    """Where requests are sent, and with which key."""

    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None
    token_file: Path | None
    seconds: float

    @classmethod
    def of(cls, settings: ShadowSettings) -> ChallengerAddress:
        """The address in ``settings``."""
        parts = urlsplit(settings.url)
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        port = parts.port or (443 if tls else 80)
        return cls(
            parts.hostname or "",
            port,
            parts.path,
            tls,
            settings.token_file,
            settings.timeout_seconds,
        )

    def head(self, size: int) -> bytes:
        """The head of a request with a body of ``size`` bytes; raises ``ChallengerError``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"host: {host}:{self.port}",
            "content-type: application/json",
            f"content-length: {size}",
            f"{MARK.decode()}: 1",
        ]
        if self.token_file is not None:
            try:
                lines.append(f"authorization: Bearer {read_token(self.token_file)}")
            except UsageError as error:
                raise ChallengerError(error.message) from error
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


class _Answer:
    """The callbacks of httptools' parser."""

    def __init__(self) -> None:
        self.body: list[bytes] = []
        self.complete = False

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.complete = True


class ChallengerConnection:
    """A connection that is kept for the next request; for one request at a time."""

    def __init__(self, address: ChallengerAddress) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> bytes:
        """The body of a 200; raises ``ChallengerError`` for any other end, in bounded time."""
        head = self._address.head(len(body))
        try:
            async with asyncio.timeout(self._address.seconds):
                return await self._answered(head + body)
        except TimeoutError as error:
            self.close()
            raise ChallengerError(f"no answer within {self._address.seconds:g} s") from error
        except (OSError, httptools.HttpParserError, ValueError) as error:
            self.close()
            # The name of the host may be wrong for good; the text of the system says so.
            raise ChallengerError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._streams[1].transport.abort()
            self._streams = None

    async def _answered(self, request: bytes) -> bytes:
        kept = self._streams is not None
        try:
            return await self._exchange(request)
        except ConnectionError:
            # A kept connection may have been closed while it was idle.
            if not kept:
                raise
            self.close()
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> bytes:
        if self._streams is None:
            address = self._address
            self._streams = await asyncio.open_connection(
                address.host, address.port, ssl=address.tls, limit=_READ_BYTES
            )
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        answer = _Answer()
        parser = httptools.HttpResponseParser(answer)
        size = 0
        while not answer.complete:
            part = await reader.read(_READ_BYTES)
            if not part:
                if size:
                    raise ValueError("the connection ended before the answer was complete")
                raise ConnectionResetError("the connection was closed without an answer")
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise ValueError(f"expected an answer of at most {MAX_ANSWER_BYTES} bytes")
            parser.feed_data(part)
        status = parser.get_status_code()
        if not parser.should_keep_alive():
            self.close()
        if status in REFUSALS:
            why = _refusal(b"".join(answer.body)) or "no reason"
            raise RowsRefusedError(f"expected status 200, got {status} ({why})")
        if status != 200:
            raise ChallengerError(f"expected status 200, got {status}")
        return b"".join(answer.body)


def _refusal(body: bytes) -> str:
    """Code and column of an error of our servers; never a value, which the log must not have."""
    try:
        error = orjson.loads(body)["error"]
        named = [error[name] for name in ("code", "column") if isinstance(error.get(name), str)]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    text = ", ".join(named)[:MAX_SHOWN]
    return "".join(one if one.isprintable() else " " for one in text)
