"""Requests at a fixed rate, whatever becomes of the earlier ones: every one is counted.

    python benchmarks/open_loop.py URL BODY --rate 270 --seconds 150

``BODY`` is a file of JSON that is posted to ``URL``. Prints one JSON object: requests by outcome
(``200``; another status; ``lost``: no complete answer; ``refused``: no connection), quantiles of
seconds from the planned time of a request to its answer, so that waiting counts, and the moments
(seconds from the start) of those that failed. SIGTERM ends it early: what is under way is awaited.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

TIMEOUT_SECONDS = 60.0
IDLE_SECONDS = 10.0
"""After which this client closes a connection: a server may close it at the moment of a request."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class OpenLoop:
    """A client that keeps connections for the next requests, and opens more when none is free."""

    host: str
    port: int
    request: bytes
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failed_at: list[float] = field(default_factory=list)
    late: float = 0.0
    """The most seconds that a request was sent after its planned time: this client was busy."""
    free: list[tuple[float, Streams]] = field(default_factory=list)
    """Time of the last answer, connection."""
    begun: float = 0.0

    async def run(self, rate: float, seconds: float, stop: asyncio.Event) -> None:
        """Send ``rate`` requests a second for ``seconds``, or until ``stop``; await them all."""
        loop, tasks = asyncio.get_running_loop(), set()
        self.begun = loop.time()
        for number in range(int(rate * seconds)):
            planned = self.begun + number / rate
            if stop.is_set():
                break
            if planned > loop.time():
                await asyncio.sleep(planned - loop.time())
            self.late = max(self.late, loop.time() - planned)
            task = asyncio.create_task(self._one(planned))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(set(tasks))

    async def _one(self, planned: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                outcome = await self._answered()
        except ConnectionRefusedError:
            outcome = "refused"
        except (OSError, EOFError, ValueError, TimeoutError):
            outcome = "lost"
        self.outcomes[outcome] += 1
        self.seconds.append(loop.time() - planned)
        if outcome != "200":
            self.failed_at.append(round(planned - self.begun, 2))

    async def _answered(self) -> str:
        opened = self._kept() or await asyncio.open_connection(self.host, self.port)
        reader, writer = opened
        try:
            writer.write(self.request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(
                int(line.partition(":")[2])
                for line in head.split("\r\n")
                if line.startswith("content-length:")
            )
            await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        if "connection: close" in head:
            writer.close()
        else:
            self.free.append((asyncio.get_running_loop().time(), opened))
        return head.split()[1]

    def _kept(self) -> Streams | None:
        """A connection of an earlier request; idle ones, and those that the server closed, end."""
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self.free:
            used, streams = self.free.pop()
            if used >= oldest and not streams[0].at_eof():
                return streams
            streams[1].close()
        return None

    def report(self) -> dict[str, object]:
        """What came of it."""
        quantiles = np.quantile(self.seconds, [0.5, 0.95, 0.99, 1.0]) if self.seconds else []
        return {
            "requests": sum(self.outcomes.values()),
            "failed": sum(self.outcomes.values()) - self.outcomes["200"],
            "outcomes": dict(self.outcomes),
            "seconds_p50_p95_p99_max": [round(float(one), 4) for one in quantiles],
            "client_late_at_most": round(self.late, 3),
            "failed_at": self.failed_at[:50],
        }


async def measured(url: str, body: bytes, rate: float, seconds: float) -> dict[str, object]:
    """The report of a run."""
    place = urlsplit(url)
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = OpenLoop(place.hostname or "", place.port or 80, head.encode() + body)
    await client.run(rate, seconds, stop)
    return client.report()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("body", type=Path)
    parser.add_argument("--rate", type=float, default=270)
    parser.add_argument("--seconds", type=float, default=150)
    asked = parser.parse_args()
    body = asked.body.read_bytes()
    print(json.dumps(asyncio.run(measured(asked.url, body, asked.rate, asked.seconds))))


if __name__ == "__main__":
    main()
