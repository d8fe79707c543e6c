"""The queue of rows: its bounds, and what fits into one request."""

from __future__ import annotations

import asyncio

from serving.shadow.row_queue import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    MAX_QUEUE_BYTES,
    RowQueue,
    SampledRow,
)


def rows(count: int, size: int = 10) -> list[SampledRow]:
    return [SampledRow({"x": number}, size, "a", None, None) for number in range(count)]


def test_rows_beyond_the_bound_are_dropped_and_the_oldest_stay() -> None:
    async def run() -> None:
        queue = RowQueue(3)
        assert queue.add(rows(5)) == 2
        assert [one.row["x"] for one in await queue.take()] == [0, 1, 2]
        assert queue.add(rows(3)) == 0

    asyncio.run(run())


def test_bytes_are_bounded() -> None:
    async def run() -> None:
        queue = RowQueue(10)
        half = MAX_QUEUE_BYTES // 2
        assert queue.add(rows(3, half)) == 1
        await queue.take()
        assert queue.add(rows(1, half)) == 0

    asyncio.run(run())


def test_a_request_has_a_bounded_size_but_at_least_one_row() -> None:
    async def run() -> None:
        queue = RowQueue(1_000)
        queue.add(rows(MAX_BATCH_ROWS + 1))
        assert [len(await queue.take()) for _ in range(2)] == [MAX_BATCH_ROWS, 1]
        queue.add(rows(2, 2 * MAX_BATCH_BYTES))
        assert [len(await queue.take()) for _ in range(2)] == [1, 1]

    asyncio.run(run())


def test_take_waits_for_rows() -> None:
    async def run() -> None:
        queue = RowQueue(10)
        waiting = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.add(rows(1))
        assert len(await waiting) == 1

    asyncio.run(run())
