"""Open-loop load: requests are sent at a fixed rate, whatever becomes of the ones before.

Every request is counted. Whatever is not a 200 is lost: a refused or closed connection, too. Tests,
benchmarks and the drill share it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TIMEOUT_SECONDS = 60.0
OK = 200
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Sent:
    """One request and its answer."""

    number: int
    at: float
    """When it was due, in seconds of ``time.monotonic``."""
    seconds: float
    """From then to the whole answer."""
    status: int
    """0 without a whole answer."""
    version: str = ""
    """Of the package, as the answer says it."""
    error: str = ""
    kept: bool = True
    """Whether it was sent through a connection that is used again."""

    @property
    def outcome(self) -> str:
        """The status, or the kind of error without one."""
        return str(self.status) if self.status else self.error.partition(":")[0]


def always(number: int) -> bool:
    """Each request uses a connection again."""
    return True


@dataclass
class OpenLoad:
    """The requests to a port of this machine within ``running``, and their answers."""

    port: int
    body: bytes | Callable[[int], bytes]
    """Of every request, or of request number n."""
    rate: float
    """Requests per second."""
    keep_alive: Callable[[int], bool] = always
    """Whether request number n uses a connection again; else it has one of its own."""
    path: str = "/predict"
    answered: Callable[[Sent, dict[str, Any]], None] | None = None
    """Is told each request, with the document that answered it."""
    sent: list[Sent] = field(default_factory=list)
    """Every request whose outcome is known, in that order."""
    _idle: list[Connection] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def count(self) -> int:
        """Number of requests whose outcome is known."""
        return len(self.sent)

    @property
    def outcomes(self) -> Counter[str]:
        """Status or kind of error → number of requests."""
        return Counter(one.outcome for one in list(self.sent))

    def lost(self, since: int = 0) -> list[Sent]:
        """The requests from number ``since`` on that weren't answered with 200."""
        return [one for one in list(self.sent) if one.number >= since and one.status != OK]

    @contextmanager
    def running(self) -> Iterator[OpenLoad]:
        """Send while the block runs; every request that was sent is counted after it."""
        thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    def wait(self, count: int) -> None:
        """Within the block: until ``count`` requests have their outcome."""
        while self.count < count:
            time.sleep(0.05)

    async def _run(self) -> None:
        start = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        for number in itertools.count():
            due = start + number / self.rate
            while (left := due - time.monotonic()) > 0 and not self._ended.is_set():
                await asyncio.sleep(min(left, 0.1))
            if self._ended.is_set():
                break
            task = asyncio.create_task(self._one(number, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        for _, writer in self._idle:
            writer.close()

    async def _one(self, number: int, due: float) -> None:
        keep, status, error = self.keep_alive(number), 0, ""
        document: dict[str, Any] = {}
        body = self.body if isinstance(self.body, bytes) else self.body(number)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, document = await self._ask(body, keep)
        except (OSError, TimeoutError, EOFError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        version = str(document.get("version", ""))
        took = time.monotonic() - due
        found = Sent(number, due, took, status, version, error, keep)
        self.sent.append(found)
        if self.answered is not None:
            self.answered(found, document)

    async def _ask(self, body: bytes, keep: bool) -> tuple[int, dict[str, Any]]:
        """Status and document of one answer; raises ``ValueError`` for one that can't be read."""
        reader, writer = await self._connection(keep)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
        )
        again = False
        try:
            writer.write(head.encode() + body)
            await writer.drain()
            first, *lines = (
                (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            )
            headers = dict(line.split(": ", 1) for line in lines if ": " in line)
            if "content-length" not in headers:
                raise ValueError("an answer without its length")
            content = await reader.readexactly(int(headers["content-length"]))
            again = keep and headers.get("connection") != "close"
            status = int(first.split(" ")[1])
            found = json.loads(content) if status == OK else {}
            return status, found if isinstance(found, dict) else {}
        finally:
            if again:
                self._idle.append((reader, writer))
            else:
                writer.close()

    async def _connection(self, keep: bool) -> Connection:
        while keep and self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)
