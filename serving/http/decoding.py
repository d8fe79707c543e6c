"""Decodes compressed bodies of requests in pieces, so that a bound holds before memory is used.

gzip (RFC 1952), deflate (RFC 1950, and RFC 1951 without its wrapper, as some clients send it) and
zstd (RFC 8878, with windows of at most 8 MiB as RFC 9659 says).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from serving.http.messages import RequestError
from serving.http.zstandard import zstandard

CODINGS = ("gzip", "deflate", "zstd")
"""Content codings that the body of a request may have."""
ACCEPTED = ", ".join(CODINGS)
PIECE_BYTES = 1 << 18
"""Bytes that are decoded in one call, in less than a millisecond."""
MAX_MEMBERS = 1_000
"""Members of one gzip body, or frames of one zstd body: each may be empty and costs memory."""
MAX_WINDOW_LOG = 23
"""Base-2 logarithm of the largest window of zstd, which a decoder keeps in memory."""
_ALIASES = {"x-gzip": "gzip"}
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15


def content_coding(header: bytes | None) -> str | None:
    """The coding that a ``Content-Encoding`` names; None for a plain body.

    Raises ``RequestError`` (415, RFC 7694) for an unknown coding or for several.
    """
    if header is None:
        return None
    names = [name.strip().lower() for name in header.decode("latin-1").split(",")]
    named = [_ALIASES.get(name, name) for name in names if name not in ("", "identity")]
    if not named:
        return None
    if len(named) > 1:
        raise _unsupported("the body is encoded more than once", ", ".join(named))
    if named[0] not in CODINGS:
        raise _unsupported("the body has an unknown encoding", named[0])
    return named[0]


def _unsupported(message: str, got: str) -> RequestError:
    return RequestError(
        415,
        "unsupported_encoding",
        message,
        headers={"Accept-Encoding": ACCEPTED},
        expected=f"one of {ACCEPTED}, or no Content-Encoding",
        got=got[:80],
    )


class _DamagedError(Exception):
    """Data that no encoder of a coding writes."""


class _Member(Protocol):
    """The decoder of one member of gzip, one stream of deflate or one frame of zstd."""

    @property
    def eof(self) -> bool:
        """Whether it was complete."""
        ...

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """At most ``PIECE_BYTES`` of the content, and the data that are left for later.

        Raises ``_DamagedError``.
        """
        ...


class _ZlibMember:
    def __init__(self, bits: int) -> None:
        self._inflate = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            decoded = self._inflate.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            raise _DamagedError from error
        return decoded, self._inflate.unused_data if self.eof else self._inflate.unconsumed_tail


class _ZstdFrame:
    def __init__(self) -> None:
        zstd = zstandard()
        options = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
        self._error = zstd.ZstdError
        self._frame: Any = zstd.ZstdDecompressor(options=options)

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            decoded = self._frame.decompress(data, PIECE_BYTES)
        except self._error as error:
            raise _DamagedError from error
        return decoded, self._frame.unused_data if self.eof else b""


class Decoder:
    """Decodes one body: ``feed`` it, then take pieces until there are none, and so on."""

    def __init__(self, coding: str) -> None:
        """``coding``: one of ``CODINGS``."""
        self._coding = coding
        self._data = b""
        """Encoded bytes that no member has taken."""
        self._member: _Member | None = None
        self._members = 0

    def feed(self, data: bytes) -> None:
        """Add encoded bytes."""
        self._data = self._data + data if self._data else data

    def piece(self) -> bytes:
        """The next bytes of the body, at most ``PIECE_BYTES``; empty if ``feed`` has to come first.

        Raises ``RequestError``: 400 for data that aren't of this coding, 413 for too many members.
        """
        while True:
            member = self._member or self._begun()
            if member is None:
                return b""
            try:
                decoded, self._data = member.decode(self._data)
            except _DamagedError as error:
                raise self._unreadable(self._members > 1) from error
            if member.eof:
                self._member = None
            if decoded or self._member is not None:
                return decoded

    def finish(self) -> None:
        """Raise ``RequestError`` (400) unless the body was complete."""
        if self._member is not None or self._data or not self._members:
            raise _unreadable(self._coding, "it ends too early")

    def _begun(self) -> _Member | None:
        """The next member; None if no byte of it is there."""
        least = 2 if self._coding == "deflate" else 1
        if len(self._data) < least:
            return None
        if self._members and self._coding == "deflate":
            raise self._unreadable(True)
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise RequestError(
                413,
                "too_large",
                f"the body has more than {MAX_MEMBERS} members",
                expected=f"at most {MAX_MEMBERS} members of {self._coding}",
            )
        self._member = _ZstdFrame() if self._coding == "zstd" else _ZlibMember(self._bits())
        return self._member

    def _bits(self) -> int:
        if self._coding == "gzip":
            return _GZIP_BITS
        first, second = self._data[:2]
        wrapped = first & 0x0F == 8 and (first << 8 | second) % 31 == 0
        return _ZLIB_BITS if wrapped else _RAW_BITS

    def _unreadable(self, trailing: bool) -> RequestError:
        reason = "other data follow its end" if trailing else "it is damaged"
        return _unreadable(self._coding, reason)


def _unreadable(coding: str, reason: str) -> RequestError:
    return RequestError(400, "unreadable_encoding", f"the body is not {coding}: {reason}")


def decoded_headers(headers: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The headers of the decoded body."""
    return {name: value for name, value in headers.items() if name != b"content-encoding"}
