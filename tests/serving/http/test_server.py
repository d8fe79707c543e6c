"""A worker's server in this process: stalled connections, and shutdown."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import own_server
import pytest
from own_server import Scenario

from serving.http import server as listener


class Nothing:
    """Takes no request directly."""

    def accepts(self, _url: bytes, _headers: Mapping[bytes, bytes]) -> bool:
        return False

    def direct(self, _url: bytes, _headers: Mapping[bytes, bytes], _body: bytes) -> None:
        raise AssertionError("nothing was taken")


BIG = b"x" * (32 << 20)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = BIG if scope["path"] == "/big" else b"ok"
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(scenario: Scenario) -> None:
    own_server.serve(app, Nothing(), scenario)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection ends."""
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionError:
        return b""


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "TRANSFER_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(listener, "IDLE_SECONDS", 0.2)


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nX: y\r\n"])
def test_a_head_that_does_not_come_ends_the_connection(sent: bytes) -> None:
    async def scenario(port: int, server: listener.WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await ended(reader) == b""
        writer.close()
        assert server.workers.connections == 0

    serve(scenario)


@pytest.mark.usefixtures("short_timeout")
def test_an_answer_that_the_client_does_not_read_is_dropped() -> None:
    async def scenario(port: int, server: listener.WorkerServer) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        until = asyncio.get_running_loop().time() + 60
        await asyncio.sleep(0.5)
        while server.server_state.connections:
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.05)
        writer.close()

    serve(scenario)


@pytest.mark.usefixtures("short_timeout")
def test_an_idle_connection_between_requests_is_kept() -> None:
    async def scenario(port: int, server: listener.WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(1.5)
        assert server.workers.connections == 1
        writer.close()

    serve(scenario)


def test_a_connection_without_requests_is_closed_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "KEEP_ALIVE_SECONDS", 0.5)

    async def scenario(port: int, server: listener.WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await ended(reader)).endswith(b"ok")
        writer.close()
        assert server.workers.connections == 0

    serve(scenario)


def test_what_comes_along_with_the_end_of_a_head_is_no_part_of_it() -> None:
    body = b"x" * 200_000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    many = 200

    async def scenario(port: int, _: listener.WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for cut in (20, len(head) - 2):
            writer.write(head[:cut])
            await asyncio.sleep(0.05)
            writer.write(head[cut:] + body)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(2)
        writer.write((b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 900 + b"\r\n\r\n") * many)
        for _ in range(many):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(2)
        writer.close()

    serve(scenario)


@pytest.mark.parametrize("piece", [5_000, 100_000])
def test_a_head_larger_than_64_kib_is_refused(piece: int) -> None:
    async def scenario(port: int, _: listener.WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(0.05)
        for _ in range(100_000 // piece):
            writer.write(b"X-Fill: " + b"a" * piece + b"\r\n")
            await asyncio.sleep(0.005)
        assert (await ended(reader)).partition(b"\r\n")[0] in (b"HTTP/1.1 400 Bad Request", b"")

    serve(scenario)


def test_header_and_body_leave_in_one_write() -> None:
    import uvloop

    async def scenario(port: int, _: listener.WorkerServer) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await loop.sock_recv(client, 1 << 16)).endswith(b"\r\n\r\nok")

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        serve(scenario)
    finally:
        asyncio.set_event_loop_policy(None)


def test_a_worker_whose_supervisor_ended_before_it_began_ends() -> None:
    async def scenario(_: int, server: listener.WorkerServer) -> None:
        until = asyncio.get_running_loop().time() + 60
        while not server.should_exit:
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.02)

    own_server.serve(app, Nothing(), scenario, supervisor=2**31 - 1)
