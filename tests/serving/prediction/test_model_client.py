"""A thread that waits for the model ends with the event loop, which would have answered it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from modelhost.wire import Message
from serving.prediction.errors import DeadlineExceededError
from serving.prediction.model_client import ModelClient
from serving.prediction.request_limit import RequestLimit


def test_a_thread_does_not_wait_for_an_event_loop_that_has_ended() -> None:
    raised: list[BaseException] = []

    async def serving() -> threading.Thread:
        client = ModelClient([], RequestLimit(1), lazy=True)
        client.start()

        def waiting() -> None:
            try:
                client.request_blocking(Message({}), time.monotonic() + 3_600)
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=waiting)
        thread.start()
        await asyncio.sleep(0.1)
        return thread

    thread = asyncio.run(serving())
    thread.join(60)
    assert not thread.is_alive()
    assert len(raised) == 1


def test_a_thread_gets_the_deadline_as_the_event_loop_does() -> None:
    async def serving() -> None:
        client = ModelClient([], RequestLimit(1), lazy=True)
        client.start()
        until = time.monotonic() + 0.1
        with pytest.raises(DeadlineExceededError):
            await asyncio.to_thread(client.request_blocking, Message({}), until)

    asyncio.run(serving())


def test_each_request_has_its_own_deadline() -> None:
    async def late(client: ModelClient, seconds: float, ended: list[float]) -> None:
        with pytest.raises(DeadlineExceededError):
            await client.request(Message({}), time.monotonic() + seconds)
        ended.append(seconds)

    async def serving() -> None:
        client = ModelClient([], RequestLimit(4), lazy=True)
        client.start()
        ended: list[float] = []
        await asyncio.gather(*(late(client, one, ended) for one in (0.3, 0.1, 0.2, 0.1)))
        assert ended == [0.1, 0.1, 0.2, 0.3]
        assert not client.busy

    asyncio.run(serving())
