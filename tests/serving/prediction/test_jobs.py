from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from serving.prediction.batcher import (
    Batcher,
    ClientDisconnectedError,
    DeadlineExceededError,
    QueueFullError,
)

Texts = Batcher[str, str]


class FakeBatches:
    """Texts are put together by their first letter; the batches asked for are kept."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.go = threading.Event()

    def group(self, item: str) -> str | None:
        return None if item.startswith("-") else item[0]

    def size(self, item: str) -> int:
        return len(item)

    def predict_together(self, items: Sequence[str]) -> list[str | BaseException]:
        self.asked.append(list(items))
        assert self.go.wait(10)
        return [KeyError(item) if "!" in item else item.upper() for item in items]


async def connected() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


def run(
    scenario: Callable[[Texts], Awaitable[None]],
    places: int = 2,
    batches: FakeBatches | None = None,
    most_rows: int = 10,
) -> None:
    async def with_batcher() -> None:
        batcher: Texts = Batcher(places, batches or FakeBatches(), most_rows)
        try:
            await scenario(batcher)
        finally:
            batcher.close()

    asyncio.run(with_batcher())


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_a_job_gives_its_result() -> None:
    async def scenario(batcher: Texts) -> None:
        assert await batcher.run(lambda: 42, soon(), connected) == 42

    run(scenario)


def test_jobs_never_run_side_by_side() -> None:
    running: list[int] = []

    def job() -> int:
        running.append(1)
        time.sleep(0.002)
        most = len(running)
        running.pop()
        return most

    async def scenario(batcher: Texts) -> None:
        assert set(
            await asyncio.gather(*(batcher.run(job, soon(), connected) for _ in range(20)))
        ) == {1}

    run(scenario, places=20)


def test_what_a_job_raises_comes_back() -> None:
    def job() -> None:
        raise KeyError("x")

    async def scenario(batcher: Texts) -> None:
        for _ in range(3):
            with pytest.raises(KeyError):
                await batcher.run(job, soon(), connected)

    run(scenario, places=1)


def test_a_full_queue_refuses_immediately() -> None:
    go = threading.Event()

    async def scenario(batcher: Texts) -> None:
        first = asyncio.create_task(batcher.run(go.wait, soon(), connected))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await batcher.run(lambda: None, soon(), connected)
        go.set()
        await first
        assert await batcher.run(lambda: 1, soon(), connected) == 1

    run(scenario, places=1)


def test_a_late_job_keeps_its_place_until_it_ends() -> None:
    go = threading.Event()

    async def scenario(batcher: Texts) -> None:
        with pytest.raises(DeadlineExceededError):
            await batcher.run(go.wait, soon(0.05), connected)
        with pytest.raises(QueueFullError):
            await batcher.run(lambda: None, soon(), connected)
        go.set()
        while True:
            try:
                assert await batcher.run(lambda: 1, soon(), connected) == 1
                return
            except QueueFullError:
                await asyncio.sleep(0.01)

    run(scenario, places=1)


def test_a_job_whose_deadline_passed_while_it_waited_is_not_begun() -> None:
    go = threading.Event()
    begun = threading.Event()

    async def scenario(batcher: Texts) -> None:
        first = asyncio.create_task(batcher.run(go.wait, soon(), connected))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceededError):
            await batcher.run(begun.set, soon(0.05), connected)
        go.set()
        await first
        await batcher.run(lambda: None, soon(), connected)
        assert not begun.is_set()

    run(scenario)


def predicting(batcher: Texts, *items: str) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(batcher.predict(item, soon(), connected)) for item in items]


def test_what_waits_while_the_model_is_busy_forms_the_next_batch() -> None:
    fake = FakeBatches()

    async def scenario(batcher: Texts) -> None:
        tasks = predicting(batcher, "a1", "a2", "b1", "a3", "b2")
        await asyncio.sleep(0.01)
        fake.go.set()
        assert await asyncio.gather(*tasks) == ["A1", "A2", "B1", "A3", "B2"]

    run(scenario, places=9, batches=fake)
    assert fake.asked == [["a1"], ["a2", "a3"], ["b1", "b2"]]


def test_a_batch_has_so_many_rows_at_most() -> None:
    fake = FakeBatches()

    async def scenario(batcher: Texts) -> None:
        tasks = predicting(batcher, "a", "aaaa", "aaa", "aa", "aaaaaaaaaaaa")
        await asyncio.sleep(0.01)
        fake.go.set()
        await asyncio.gather(*tasks)

    run(scenario, places=9, batches=fake, most_rows=6)
    assert fake.asked == [["a"], ["aaaa", "aa"], ["aaa"], ["aaaaaaaaaaaa"]]


def test_items_without_a_group_stay_alone_and_jobs_too() -> None:
    fake = FakeBatches()
    fake.go.set()

    async def scenario(batcher: Texts) -> None:
        job = asyncio.create_task(batcher.run(lambda: time.sleep(0.05), soon(), connected))
        await asyncio.gather(job, *predicting(batcher, "-a", "-b", "c"))

    run(scenario, places=9, batches=fake)
    assert fake.asked == [["-a"], ["-b"], ["c"]]


def test_an_item_that_fails_leaves_its_neighbours_alone() -> None:
    fake = FakeBatches()

    async def scenario(batcher: Texts) -> None:
        tasks = predicting(batcher, "a1", "a2", "a!", "a3")
        await asyncio.sleep(0.01)
        fake.go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in found] == [str, str, KeyError, str]

    run(scenario, places=9, batches=fake)


def test_a_client_that_goes_away_gives_its_place_to_another() -> None:
    fake = FakeBatches()

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def scenario(batcher: Texts) -> None:
        [first] = predicting(batcher, "a1")
        await asyncio.sleep(0)
        with pytest.raises(ClientDisconnectedError):
            await batcher.predict("a2", soon(), gone)
        [third] = predicting(batcher, "a3")
        await asyncio.sleep(0.01)
        fake.go.set()
        assert await asyncio.gather(first, third) == ["A1", "A3"]

    run(scenario, places=2, batches=fake)
    assert fake.asked == [["a1"], ["a3"]]


class SlowBatches(FakeBatches):
    """Takes a while, so that there is time to come back."""

    def predict_together(self, items: Sequence[str]) -> list[str | BaseException]:
        time.sleep(0.05)
        return super().predict_together(items)


def test_those_who_were_answered_together_are_waited_for() -> None:
    batches = SlowBatches()
    batches.go.set()

    async def client(batcher: Texts, name: str) -> None:
        for _ in range(6):
            assert await batcher.predict(name, soon(), connected) == name.upper()

    async def scenario(batcher: Texts) -> None:
        await asyncio.gather(*(client(batcher, f"a{number}") for number in range(4)))

    run(scenario, places=8, batches=batches, most_rows=100)
    # The first went alone. Without a wait it would do so every time, and the others behind it.
    assert len(batches.asked) < 12
    assert sum(len(asked) == 4 for asked in batches.asked) >= 3


def test_one_client_is_never_held() -> None:
    batches = SlowBatches()
    batches.go.set()

    async def scenario(batcher: Texts) -> None:
        for _ in range(3):
            asked = asyncio.create_task(batcher.predict("a", soon(), connected))
            await asyncio.sleep(0)
            assert batcher._running
            await asked

    run(scenario, batches=batches)


def test_what_may_not_go_with_others_is_not_held() -> None:
    batches = SlowBatches()
    batches.go.set()

    async def scenario(batcher: Texts) -> None:
        await asyncio.gather(*(batcher.predict("a", soon(), connected) for _ in range(2)))
        alone = asyncio.create_task(batcher.predict("-b", soon(), connected))
        await asyncio.sleep(0)
        assert batcher._running
        await alone

    run(scenario, batches=batches)
