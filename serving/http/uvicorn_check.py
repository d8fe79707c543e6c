"""Checks that this version of uvicorn has the internals that ``serving.http`` builds on.

``upgrades``, ``fast_path`` and ``server`` extend uvicorn's protocol and server, which are not
documented as stable. ``check_uvicorn`` sends requests through them, in memory.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from packager.errors import PackageError
from serving.unsupported_version import unsupported_version

if TYPE_CHECKING:
    from serving.http.pending_answer import Later, RawResponse

OVERRIDDEN = ("startup", "shutdown", "on_tick", "handle_exit")
"""Methods of ``uvicorn.Server`` that ``WorkerServer`` overrides; uvicorn calls them by name."""
TURNS = 20
"""Iterations of the event loop that the answers to a request may take."""
_POST = b"POST /%s HTTP/1.1\r\nHost: a\r\n%sContent-Length: 1\r\n\r\n%s"
REQUESTS = (
    _POST % (b"direct", b"", b"1"),
    _POST % (b"usual", b"", b"2") + _POST % (b"usual", b"", b"3"),
    _POST % (b"later", b"", b"4") + _POST % (b"usual", b"", b"5"),
    _POST % (b"usual", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"6"),
    b"not HTTP\r\n\r\n",
)
"""The shortcut; two pipelined requests, through ASGI; one that the shortcut answers later, with
another after it; an upgrade offer; invalid HTTP."""
EXPECTED = "200 1, 200 2, 200 3, 200 4, 200 5, 200 6, 400"
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\n\r\n(\d?)", re.DOTALL)


def check_uvicorn() -> None:
    """Raise ``PackageError`` unless the answers are as expected; takes a few milliseconds."""
    loop = asyncio.new_event_loop()  # asyncio.run would leave this thread without an event loop
    try:
        answers = loop.run_until_complete(_answers())
    except Exception as error:
        raise _unsupported(f"{type(error).__name__}: {error}") from error
    finally:
        loop.close()
    if answers != EXPECTED:
        raise _unsupported(answers)


def _unsupported(got: str) -> PackageError:
    return unsupported_version("uvicorn", f"its HTTP protocol to give the answers {EXPECTED}", got)


async def _answers() -> str:
    """Status and body of each answer to ``REQUESTS``, on one connection."""
    import uvicorn
    from uvicorn.server import ServerState

    from serving.http.known_heads import KnownHeads
    from serving.http.server import GuardedProtocol, WorkerServer

    absent = [name for name in OVERRIDDEN if not hasattr(WorkerServer.__bases__[0], name)]
    if absent:
        raise AttributeError(f"no uvicorn.Server.{absent[0]}")
    config = uvicorn.Config(
        _echo, log_config=None, lifespan="off", interface="asgi3", ws="none", access_log=False
    )
    protocol = GuardedProtocol(
        config=config,
        server_state=ServerState(),
        app_state={},
        direct=_Direct(),
        heads=KnownHeads(),
    )
    transport = _Transport()
    protocol.connection_made(transport)
    for request in REQUESTS:
        protocol.data_received(request)
        for _ in range(TURNS):
            await asyncio.sleep(0)
    protocol.close_idle(0.0)
    protocol.connection_lost(None)
    return ", ".join(
        b" ".join(filter(None, answer)).decode() for answer in _ANSWER.findall(transport.written)
    )


class _Direct:
    """Answers ``/direct`` with the body of the request, and ``/later`` some iterations later."""

    def accepts(self, url: bytes, _headers: Mapping[bytes, bytes], /) -> bool:
        return url in (b"/direct", b"/later")

    def direct(
        self, url: bytes, _headers: Mapping[bytes, bytes], body: bytes, /
    ) -> RawResponse | Later:
        return _raw(body) if url == b"/direct" else _later(body)


def _raw(body: bytes) -> RawResponse:
    from serving.http.pending_answer import RawResponse

    return RawResponse(200, [(b"content-length", b"%d" % len(body))], body, False)


async def _later(body: bytes) -> RawResponse:
    await asyncio.sleep(0)
    return _raw(body)


async def _echo(_scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that answers with the body of the request."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


class _Transport(asyncio.Transport):
    """An in-memory connection that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Do nothing: there is no reading."""

    resume_reading = pause_reading
