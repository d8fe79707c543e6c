"""The load generator: a closed loop of clients, each with one request at a time.

It runs as ``python -m packager.run.bench.load``, with the standard library only. Requests are
prepared in advance, connections are kept alive, and one event loop serves all sockets. It warms up,
writes ``warm``, and measures after it reads ``go``; see ``packager.run.bench.generator``.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, BinaryIO

TIMEOUT_SECONDS = 30.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class BrokenError(Exception):
    """An invalid response: the connection closed early, or there is no Content-Length."""


@dataclass
class LoadMeasurements:
    """Results: latency of each response in seconds, counts by status, broken connections."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    broken: int = 0


class ClientConnection:
    """One client's kept-alive connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.open()

    def open(self) -> None:
        """Connect (again)."""
        self.socket = socket.create_connection(self._address, timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        """Send a request; its latency is measured from here."""
        self.received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> str | None:
        """Read available data; return the status if the response is complete, else None."""
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise BrokenError
        self.received = self.received + chunk if self.received else chunk
        end = self.received.find(_HEAD_END)
        if end < 0:
            return None
        head = self.received[:end].lower()
        offset = head.find(_LENGTH)
        if offset < 0:
            raise BrokenError
        length = int(head[offset + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if len(self.received) < end + len(_HEAD_END) + length:
            return None
        return head[9:12].decode("latin-1")


class Load:
    """Clients of one address, which send ``requests`` in turn."""

    def __init__(self, address: tuple[str, int], clients: int, requests: Sequence[bytes]) -> None:
        self._requests = requests
        self._turn = count()
        self._selector = selectors.DefaultSelector()
        self._connections = [ClientConnection(address) for _ in range(clients)]

    def run(self, seconds: float) -> LoadMeasurements:
        """Send requests for ``seconds``, then wait for pending ones, which are not counted."""
        measured = LoadMeasurements()
        end = time.perf_counter() + seconds
        waiting = set(self._connections)
        for connection in self._connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._send_next(connection)
        while waiting:
            ready = self._selector.select(TIMEOUT_SECONDS)
            if not ready:
                measured.broken += len(waiting)  # no response within the timeout
                break
            for key, _ in ready:
                self._answered(key.data, end, measured, waiting)
        for connection in self._connections:
            self._selector.unregister(connection.socket)
        return measured

    def close(self) -> None:
        """Close every connection."""
        self._selector.close()
        for connection in self._connections:
            connection.socket.close()

    def _answered(
        self,
        client: ClientConnection,
        end: float,
        measured: LoadMeasurements,
        waiting: set[ClientConnection],
    ) -> None:
        try:
            status = client.take()
        except (BrokenError, OSError):
            measured.broken += 1
            self._selector.unregister(client.socket)
            client.socket.close()
            client.open()
            self._selector.register(client.socket, selectors.EVENT_READ, client)
            status = ""
        if status is None:
            return
        now = time.perf_counter()
        if status and now <= end:
            measured.latencies.append(now - client.sent_at)
            measured.statuses[status] += 1
        if now < end:
            self._send_next(client)
        else:
            waiting.discard(client)

    def _send_next(self, connection: ClientConnection) -> None:
        connection.send(self._requests[next(self._turn) % len(self._requests)])


def summary(measured: LoadMeasurements, seconds: float, cpu_seconds: float) -> dict[str, Any]:
    """The result as JSON, with times in seconds."""
    ordered = sorted(measured.latencies)
    return {
        "requests": len(ordered),
        "seconds": seconds,
        "p50": quantile(ordered, 0.5),
        "p99": quantile(ordered, 0.99),
        "statuses": dict(measured.statuses),
        "broken": measured.broken,
        "cpu_seconds": cpu_seconds,
    }


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` of all don't exceed; None for no values."""
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Run one job from ``source``: a line of JSON, the bytes of the requests, later ``go``."""
    job = json.loads(source.readline())
    requests = [source.read(size) for size in job["sizes"]]
    load = Load((job["host"], job["port"]), job["clients"], requests)
    load.run(job["warm_seconds"])
    target.write(b"warm\n")
    target.flush()
    source.readline()
    cpu = time.process_time()
    measured = load.run(job["seconds"])
    used = time.process_time() - cpu
    load.close()
    target.write(json.dumps(summary(measured, job["seconds"], used)).encode() + b"\n")
    target.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
