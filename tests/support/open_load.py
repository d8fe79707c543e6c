"""Open-loop load: requests are sent at a fixed rate, whatever becomes of the ones before.

Every request is counted. Whatever is not a 200 is lost: a refused or closed connection, too.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 40


@dataclass
class OpenLoad:
    """What was sent to a port of this machine, and what came back."""

    port: int
    body: bytes
    rate: float
    """Requests per second."""
    keep_alive: bool = True
    """Whether a client sends its requests through one connection."""
    clients: int = 24
    path: str = "/predict"
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """Of each request that was answered with 200."""
    _next: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def sent(self) -> int:
        return self.outcomes.total()

    @property
    def lost(self) -> dict[str, int]:
        """What was no 200 → how often."""
        return {name: count for name, count in self.outcomes.items() if name != "200"}

    @contextmanager
    def running(self) -> Iterator[OpenLoad]:
        """Send while the block runs; every request that was sent is counted after it."""
        start = time.monotonic()
        senders = [
            threading.Thread(target=self._send, args=(start,), daemon=True)
            for _ in range(self.clients)
        ]
        for one in senders:
            one.start()
        try:
            yield self
        finally:
            self._ended.set()
            for one in senders:
                one.join(2 * TIMEOUT_SECONDS)

    def _send(self, start: float) -> None:
        connection = self._connection()
        while not self._ended.is_set():
            with self._lock:
                number = next(self._next)
            self._ended.wait(max(0.0, start + number / self.rate - time.monotonic()))
            if self._ended.is_set():
                break
            began = time.monotonic()
            outcome = self._outcome(connection)
            if outcome != "200" or not self.keep_alive:
                connection.close()
                connection = self._connection()
            with self._lock:
                self.outcomes[outcome] += 1
                if outcome == "200":
                    self.seconds.append(time.monotonic() - began)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)

    def _outcome(self, connection: http.client.HTTPConnection) -> str:
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", self.path, self.body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        return str(answer.status)
