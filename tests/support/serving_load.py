"""Load clients that count the outcome of every request."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

BODY = json.dumps({"rows": [{"carat": 0.5, "color": "E", "tables": 55}]}).encode()


@dataclass
class Load:
    """Closed-loop clients that keep their connections as long as the server does."""

    port: int
    clients: int
    outcomes: Counter[str] = field(default_factory=Counter)
    """``200`` and other status codes of complete answers; ``refused``: never connected; ``lost``:
    sent, without a complete answer."""
    stopping: threading.Event = field(default_factory=threading.Event)
    one_request_a_connection: bool = False
    body: bytes = BODY

    def __enter__(self) -> Load:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.stopping.set()
        self._thread.join()

    async def _all(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(self.clients)))

    async def _client(self) -> None:
        close = b"Connection: close\r\n" if self.one_request_a_connection else b""
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"
        request = head % (close, len(self.body)) + self.body
        streams = None
        while not self.stopping.is_set():
            if streams is None:
                try:
                    streams = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    self.outcomes["refused"] += 1
                    await asyncio.sleep(0.05)
                    continue
                except OSError:
                    self.outcomes["unconnected"] += 1
                    await asyncio.sleep(0.05)
                    continue
            reader, writer = streams
            try:
                writer.write(request)
                status, keep = await _answer(reader)
            except (OSError, EOFError):
                self.outcomes["lost"] += 1
                status, keep = "", False
            if status:
                self.outcomes[status] += 1
            if not keep:
                writer.close()
                streams = None
        if streams is not None:
            streams[1].close()


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    lines = head.split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if line)
    await reader.readexactly(int(fields["content-length"]))
    return lines[0].split()[1], fields.get("connection") != "close"
