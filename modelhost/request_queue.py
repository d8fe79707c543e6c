"""Requests that wait for the model, and the batches that they form.

Rows that wait while the model is busy form its next batch. When a batch ends, its clients are
likely to send another request soon: the next batch begins when as many requests wait as there were,
or after half of the time that the last one took. Without this delay, batches would alternate
between a single request and all others. A single client never waits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from modelhost.connection import Connection
from modelhost.wire import Message

LINGER_RATIO = 0.5
"""The delay of the next batch, as a fraction of the time that the last one took."""
MAX_LINGER = 0.01
MAX_BATCH_BYTES = 32 << 20
"""Bytes of the values of one batch, unless a single request has more."""
MAX_WAITING_BYTES = 256 << 20
"""Bytes of the requests that wait; a request that would exceed them is refused."""


class QueuedRequest:
    """A request of one connection."""

    def __init__(self, connection: Connection, message: Message) -> None:
        """Raises ``KeyError`` for a message without the entries of a request."""
        header = message.header
        self.connection = connection
        self.message = message
        self.number: Any = header["id"]
        self.group: Any = header.get("group")
        """Requests of equal groups may be predicted together; None: never together."""
        self.rows: int = header.get("rows", 1)
        self.size = sum(map(len, message.buffers))
        """Bytes of the values, except those in the header."""
        self.deadline: int | None = header.get("deadline")
        """``time.monotonic_ns()`` after which nobody waits for the answer."""


class RequestQueue:
    """Requests in the order of their arrival."""

    def __init__(self, max_rows: int, max_requests: int) -> None:
        """``max_rows``: rows of one batch; ``max_requests``: how many may wait."""
        self._max_rows = max_rows
        self._max_requests = max_requests
        self._waiting: deque[QueuedRequest] = deque()
        self._bytes = 0
        self._held_until = 0.0
        self._expected = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: QueuedRequest) -> bool:
        """Append a request; False if the queue is full."""
        full = self._bytes + request.size > MAX_WAITING_BYTES and self._waiting
        if full or len(self._waiting) >= self._max_requests:
            return False
        self._waiting.append(request)
        self._bytes += request.size
        return True

    def cancel(self, connection: Connection, number: Any) -> bool:
        """Remove a request; False if it does not wait."""
        for request in self._waiting:
            if request.connection is connection and request.number == number:
                self._keep([one for one in self._waiting if one is not request])
                return True
        return False

    def drop(self, connection: Connection) -> None:
        """Remove all requests of a connection that has ended."""
        self._keep([one for one in self._waiting if one.connection is not connection])

    def expired(self) -> list[QueuedRequest]:
        """Remove and return the requests whose deadline has passed."""
        now = time.monotonic_ns()
        late = [one for one in self._waiting if one.deadline is not None and one.deadline <= now]
        if late:
            self._keep([one for one in self._waiting if one not in late])
        return late

    def delay(self) -> float | None:
        """Seconds until the next batch is to begin; None if no request waits."""
        if not self._waiting:
            return None
        remaining = self._held_until - time.monotonic()
        if (
            remaining <= 0
            or len(self._waiting) >= self._expected
            or self._waiting[0].group is None
            or sum(one.rows for one in self._waiting) >= self._max_rows
            or self._bytes >= MAX_BATCH_BYTES
        ):
            return 0.0
        return remaining

    def take(self) -> list[QueuedRequest]:
        """Remove and return the oldest request, with all that can join its batch."""
        first, *others = self._waiting
        batch, rows, size = [first], first.rows, first.size
        rest: list[QueuedRequest] = []
        for other in others:
            joins = first.group is not None and other.group == first.group
            if (
                joins
                and rows + other.rows <= self._max_rows
                and size + other.size <= MAX_BATCH_BYTES
            ):
                batch.append(other)
                rows += other.rows
                size += other.size
            else:
                rest.append(other)
        self._keep(rest)
        return batch

    def _keep(self, some: Iterable[QueuedRequest]) -> None:
        self._waiting = deque(some)
        self._bytes = sum(one.size for one in self._waiting)

    def finished(self, requests: int, seconds: float) -> None:
        """Note that a batch of so many requests has ended, which took ``seconds``."""
        self._held_until = time.monotonic() + min(LINGER_RATIO * seconds, MAX_LINGER)
        self._expected = requests + len(self._waiting)
