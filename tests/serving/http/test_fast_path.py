"""The shortcut for complete requests: which requests use it, and the order of answers."""

from __future__ import annotations

import asyncio

import pytest
from echo_server import HEAD, Echo, answer, request, run_scenario

from serving.http import fast_path


def test_a_complete_request_is_answered_immediately_and_the_connection_continues() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in (b"one", b"", b"three"):
            writer.write(request(body))
            assert await answer(reader) == (b"direct", body)

    run_scenario(scenario)


def test_a_body_in_pieces_takes_the_slow_path() -> None:
    echo = Echo()

    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = request(b"a body in two pieces")
        for cut in (40, len(whole) - 20, len(whole) - 5):
            writer.write(whole[:cut])
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(whole[cut:])
            assert (await answer(reader))[1] == b"a body in two pieces"
        assert echo.asked == 1  # where the cut was in the head, the rest came in one piece
        writer.write(request(b"then"))
        assert await answer(reader) == (b"direct", b"then")

    run_scenario(scenario, echo)


@pytest.mark.parametrize(
    "sent",
    [
        request(b"a", b"Expect: 100-continue\r\n"),
        request(b"a", b"Connection: close\r\n"),
        request(b"a").replace(b"HTTP/1.1", b"HTTP/1.0"),
        request(b"a").replace(b"POST", b"PUT"),
        request(b"a").replace(b"/direct", b"/other"),
        HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") % b""
        + b"1\r\na\r\n0\r\n\r\n",
        request(b"wait"),
    ],
)
def test_other_requests_take_the_slow_path(sent: bytes) -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        way, body = await answer(reader)
        assert way == b"asgi"
        assert body in (b"a", b"wait", b"")

    run_scenario(scenario)


def test_requests_sent_without_waiting_are_answered_in_their_order() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies = [b"one", b"two", b"wait for three", b"four", b"wait for five", b"six"]
        writer.write(b"".join(map(request, bodies)))
        assert [(await answer(reader))[1] for _ in bodies] == bodies
        writer.write(request(b"seven"))
        assert await answer(reader) == (b"direct", b"seven")

    run_scenario(scenario)


def test_many_requests_sent_at_once_let_others_have_their_turn() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies = [b"%d" % place for place in range(100)]
        writer.write(b"".join(map(request, bodies)))
        answers = [await answer(reader) for _ in bodies]
        assert [body for _, body in answers] == bodies
        ways = [way for way, _ in answers]
        assert ways[: fast_path.MAX_AT_ONCE + 1] == [b"direct"] * fast_path.MAX_AT_ONCE + [b"asgi"]

    run_scenario(scenario)


def test_so_many_requests_may_wait_and_no_more() -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies = [b"wait %d" % place for place in range(2_000)]
        writer.write(b"".join(map(request, bodies)))
        received = await reader.read()
        count = received.count(b"HTTP/1.1 200 OK")
        assert fast_path.MAX_WAITING <= count < 1_000
        assert received.count(b"connection: close") == 1
        assert received.endswith(b"wait %d" % (count - 1))

    run_scenario(scenario)


def test_what_follows_the_last_answer_is_not_begun() -> None:
    echo = Echo()
    echo.closing = True

    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"last") + request(b"too late"))
        assert await answer(reader) == (b"direct", b"last")
        assert await reader.read() == b""
        assert echo.asked == 1

    run_scenario(scenario, echo)


def test_a_connection_that_is_lost_ends_what_runs_without_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"wait") + request(b"wait too") + request(b"and me"))
        await asyncio.sleep(0.005)
        writer.transport.abort()
        await asyncio.sleep(0.1)

    run_scenario(scenario)
    assert not [record.message for record in caplog.records if record.levelname == "ERROR"]


def test_a_server_that_ends_says_so_and_closes() -> None:
    echo = Echo()
    echo.closing = True

    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(b"last"))
        assert await answer(reader) == (b"direct", b"last")
        assert await reader.read() == b""

    run_scenario(scenario, echo)
