"""Jobs run one after another in a thread, within their deadlines and the worker's places."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from serving.prediction.errors import (
    ClientDisconnectedError,
    DeadlineExceededError,
    QueueFullError,
)
from serving.prediction.jobs import JobThread
from serving.prediction.request_limit import RequestLimit


async def connected() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


def run(scenario: Callable[[JobThread], Awaitable[None]], places: int = 2) -> None:
    async def with_thread() -> None:
        jobs = JobThread(RequestLimit(places))
        try:
            await scenario(jobs)
        finally:
            jobs.close()

    asyncio.run(with_thread())


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_a_job_gives_its_result() -> None:
    async def scenario(jobs: JobThread) -> None:
        assert await jobs.run(lambda: 42, soon(), connected) == 42

    run(scenario)


def test_jobs_never_run_side_by_side() -> None:
    running: list[int] = []

    def job() -> int:
        running.append(1)
        time.sleep(0.002)
        most = len(running)
        running.pop()
        return most

    async def scenario(jobs: JobThread) -> None:
        assert set(
            await asyncio.gather(*(jobs.run(job, soon(), connected) for _ in range(20)))
        ) == {1}

    run(scenario, places=20)


def test_what_a_job_raises_comes_back() -> None:
    def job() -> None:
        raise KeyError("x")

    async def scenario(jobs: JobThread) -> None:
        for _ in range(3):
            with pytest.raises(KeyError):
                await jobs.run(job, soon(), connected)

    run(scenario, places=1)


def test_a_full_queue_refuses_immediately() -> None:
    go = threading.Event()

    async def scenario(jobs: JobThread) -> None:
        first = asyncio.create_task(jobs.run(go.wait, soon(), connected))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await jobs.run(lambda: None, soon(), connected)
        go.set()
        await first
        assert await jobs.run(lambda: 1, soon(), connected) == 1

    run(scenario, places=1)


def test_a_late_job_keeps_its_place_until_it_ends() -> None:
    go = threading.Event()

    async def scenario(jobs: JobThread) -> None:
        with pytest.raises(DeadlineExceededError):
            await jobs.run(go.wait, soon(0.05), connected)
        with pytest.raises(QueueFullError):
            await jobs.run(lambda: None, soon(), connected)
        go.set()
        while True:
            try:
                assert await jobs.run(lambda: 1, soon(), connected) == 1
                return
            except QueueFullError:
                await asyncio.sleep(0.01)

    run(scenario, places=1)


def test_a_job_whose_deadline_passed_while_it_waited_is_not_begun() -> None:
    go = threading.Event()
    begun = threading.Event()

    async def scenario(jobs: JobThread) -> None:
        first = asyncio.create_task(jobs.run(go.wait, soon(), connected))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceededError):
            await jobs.run(begun.set, soon(0.05), connected)
        go.set()
        await first
        await jobs.run(lambda: None, soon(), connected)
        assert not begun.is_set()

    run(scenario)


def test_a_client_that_goes_away_gives_its_place_to_another() -> None:
    go = threading.Event()
    begun = threading.Event()

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def scenario(jobs: JobThread) -> None:
        first = asyncio.create_task(jobs.run(go.wait, soon(), connected))
        await asyncio.sleep(0)
        with pytest.raises(ClientDisconnectedError):
            await jobs.run(begun.set, soon(), gone)
        third = asyncio.create_task(jobs.run(lambda: 3, soon(), connected))
        await asyncio.sleep(0.01)
        go.set()
        assert await asyncio.gather(first, third) == [True, 3]
        assert not begun.is_set()

    run(scenario)
