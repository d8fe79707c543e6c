"""A small application on the server's own HTTP code, and requests to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import own_server

from serving.http import server
from serving.http.pending_answer import Later, RawResponse

Scenario = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


HEAD = b"POST /direct HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n"


class Echo:
    """Answers ``/direct`` with the body.

    Bodies that begin with ``wait`` go through ASGI; those with ``later`` are answered by a task,
    which takes as many seconds as follow, if any.
    """

    def __init__(self) -> None:
        self.closing = False
        self.asked = 0
        self.waiting = 0
        """Answers by a task that have been begun."""
        self.cancelled = 0

    def accepts(self, url: bytes, headers: Mapping[bytes, bytes]) -> bool:
        return url == b"/direct" and b"content-length" in headers

    def direct(
        self, _url: bytes, _headers: Mapping[bytes, bytes], body: bytes
    ) -> RawResponse | Later | None:
        self.asked += 1
        if body.startswith(b"wait"):
            return None
        return self._later(body) if body.startswith(b"later") else self._raw(body, b"direct")

    async def _later(self, body: bytes) -> RawResponse:
        self.waiting += 1
        try:
            await asyncio.sleep(float(body.removeprefix(b"later") or b"0.001"))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self._raw(body, b"later")

    def _raw(self, body: bytes, way: bytes) -> RawResponse:
        headers = [(b"content-length", b"%d" % len(body)), (b"x-way", way)]
        if self.closing:
            headers.append((b"connection", b"close"))
        return RawResponse(200, headers, body, self.closing)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for _ in range(2):
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
        return
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await asyncio.sleep(0.001)
    headers = [(b"content-length", b"%d" % len(body)), (b"x-way", b"asgi")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def run_scenario(scenario: Scenario, echo: Echo | None = None) -> None:
    async def connected(port: int, _: server.WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.wait_for(scenario(reader, writer), 60)
        finally:
            writer.close()

    own_server.serve(app, echo or Echo(), connected)


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The path by which an answer was made (``x-way``), and its body."""
    head = b"http/1.1 100"
    while head.startswith(b"http/1.1 100"):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200 ok\r\n")
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    return fields[b"x-way"], await reader.readexactly(int(fields[b"content-length"]))


def request(body: bytes, more: bytes = b"") -> bytes:
    return HEAD % (len(body), more) + body
