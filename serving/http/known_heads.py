"""Heads of requests that a worker has parsed: the same bytes need not be parsed again.

A client sends the same head before each of its bodies of one length, and a parser calls a function
for each line of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_HEADS = 512
"""Heads that are kept; the oldest is left out for a new one."""
MAX_HEAD_BYTES = 2_048
"""Of a head that is kept."""
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A parsed head of a ``POST`` of HTTP/1.1, after which the connection stays open."""

    url: bytes
    headers: Mapping[bytes, bytes]
    """By name in lower case; treat as immutable."""
    size: int
    """Bytes of the body."""


class KnownHeads:
    """The heads that the connections of one worker have sent."""

    def __init__(self) -> None:
        self._heads: dict[bytes, KnownHead] = {}

    def read(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """The head and the body, if ``data`` is one whole request whose head is known."""
        end = data.find(_END) + len(_END)
        known = self._heads.get(data[:end])
        if known is None or len(data) - end != known.size:
            return None
        return known, data[end:]

    def keep(self, data: bytes, url: bytes, headers: Mapping[bytes, bytes], size: int) -> None:
        """Keep the head of ``data``, which holds one request with a body of ``size`` bytes.

        Not if the head has another end than an empty line, as a lenient parser allows.
        """
        end = len(data) - size
        if end > MAX_HEAD_BYTES or data.find(_END) + len(_END) != end:
            return
        if len(self._heads) >= MAX_HEADS:
            del self._heads[next(iter(self._heads))]
        self._heads[data[:end]] = KnownHead(url, headers, size)
