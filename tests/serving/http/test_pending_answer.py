"""Requests of the shortcut that wait for their answer: order, disconnects, and ends."""

from __future__ import annotations

import asyncio

import pytest
from echo_server import Echo, answer, app, request, run_scenario
from own_server import serve

from serving.http.server import WorkerServer


def test_an_answer_that_takes_its_time_is_made_without_asgi() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in (b"later", b"one", b"later0.01", b"two"):
            writer.write(request(body))
            way = b"later" if body.startswith(b"later") else b"direct"
            assert await answer(reader) == (way, body)

    run_scenario(scenario)


def test_what_is_sent_meanwhile_is_answered_in_its_order() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies = [b"later0.02", b"one", b"later0.01", b"wait", b"later", b"two"]
        writer.write(b"".join(map(request, bodies[:3])))
        await writer.drain()
        await asyncio.sleep(0.005)
        writer.write(b"".join(map(request, bodies[3:])))
        assert [(await answer(reader))[1] for _ in bodies] == bodies
        writer.write(request(b"later"))
        assert await answer(reader) == (b"later", b"later")

    run_scenario(scenario)


def test_a_disconnect_stops_what_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    echo = Echo()

    async def scenario(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"later300"))
        while not echo.waiting:
            await asyncio.sleep(0.01)
        writer.transport.abort()
        while not echo.cancelled:
            await asyncio.sleep(0.01)
        assert echo.cancelled == 1

    run_scenario(scenario, echo)
    assert not [record.message for record in caplog.records if record.levelname == "ERROR"]


def test_invalid_data_after_it_is_refused_after_its_answer() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"later0.02") + b"not HTTP\r\n\r\n")
        received = await reader.read()
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close" in received
        assert received.endswith(b"later0.02")

    run_scenario(scenario)


def test_a_server_that_ends_answers_it_first() -> None:
    echo = Echo()

    async def scenario(port: int, server: WorkerServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(b"later0.3"))
        while not echo.waiting:
            await asyncio.sleep(0.01)
        server.should_exit = True
        received = await asyncio.wait_for(reader.read(), 60)
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert received.endswith(b"later0.3")
        writer.close()

    serve(app, echo, scenario)
