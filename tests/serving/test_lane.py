from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from serving.lane import FullError, Lane, LateError


def run(scenario: Callable[[Lane], Awaitable[None]], places: int = 2) -> None:
    async def with_lane() -> None:
        lane = Lane(places)
        try:
            await scenario(lane)
        finally:
            lane.close()

    asyncio.run(with_lane())


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_a_job_gives_its_result() -> None:
    async def scenario(lane: Lane) -> None:
        assert await lane.run(lambda: 42, soon()) == 42

    run(scenario)


def test_jobs_never_run_side_by_side() -> None:
    running: list[int] = []

    def job() -> int:
        running.append(1)
        time.sleep(0.002)
        most = len(running)
        running.pop()
        return most

    async def scenario(lane: Lane) -> None:
        assert set(await asyncio.gather(*(lane.run(job, soon()) for _ in range(20)))) == {1}

    run(scenario, places=20)


def test_what_a_job_raises_comes_back() -> None:
    def job() -> None:
        raise KeyError("x")

    async def scenario(lane: Lane) -> None:
        for _ in range(3):
            with pytest.raises(KeyError):
                await lane.run(job, soon())

    run(scenario, places=1)


def test_a_full_lane_refuses_at_once() -> None:
    go = threading.Event()

    async def scenario(lane: Lane) -> None:
        first = asyncio.create_task(lane.run(go.wait, soon()))
        await asyncio.sleep(0)
        with pytest.raises(FullError):
            await lane.run(lambda: None, soon())
        go.set()
        await first
        assert await lane.run(lambda: 1, soon()) == 1

    run(scenario, places=1)


def test_a_late_job_keeps_its_place_until_it_ends() -> None:
    go = threading.Event()

    async def scenario(lane: Lane) -> None:
        with pytest.raises(LateError):
            await lane.run(go.wait, soon(0.05))
        with pytest.raises(FullError):
            await lane.run(lambda: None, soon())
        go.set()
        while True:
            try:
                assert await lane.run(lambda: 1, soon()) == 1
                return
            except FullError:
                await asyncio.sleep(0.01)

    run(scenario, places=1)


def test_a_job_whose_deadline_passed_while_it_waited_is_not_begun() -> None:
    go = threading.Event()
    begun = threading.Event()

    async def scenario(lane: Lane) -> None:
        first = asyncio.create_task(lane.run(go.wait, soon()))
        await asyncio.sleep(0)
        with pytest.raises(LateError):
            await lane.run(begun.set, soon(0.05))
        go.set()
        await first
        await lane.run(lambda: None, soon())
        assert not begun.is_set()

    run(scenario)
