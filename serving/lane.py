"""The one thread in which a worker's model runs, and the requests that wait for it.

A project's model need not be safe to call from two threads, and a running prediction can't be
interrupted: one that takes forever keeps its place, so a worker never holds more than it admits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class FullError(Exception):
    """As many requests as admitted are waiting or running."""


class LateError(Exception):
    """The deadline passed before there was an answer."""


class Lane:
    """Runs jobs one after the other."""

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    async def run(self, job: Callable[[], T], deadline: float) -> T:
        """The result of ``job``, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``FullError`` at once where there is no place, ``LateError`` at the deadline; a job
        whose turn comes after its deadline isn't begun.
        """
        if not self._places.acquire(blocking=False):
            raise FullError

        def in_time() -> T:
            if time.monotonic() >= deadline:
                raise LateError
            return job()

        future = self._thread.submit(in_time)
        future.add_done_callback(lambda _: self._places.release())
        return await _result(future, deadline)

    def close(self) -> None:
        """Take no more jobs; what runs is finished when the process ends."""
        self._thread.shutdown(wait=False, cancel_futures=True)


async def _result(future: Future[T], deadline: float) -> T:
    waiting = asyncio.wrap_future(future)
    # Given up at the deadline, it may still fail later; asyncio complains of unread exceptions.
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    remaining = max(0.0, deadline - time.monotonic())
    # Not wait_for: it would cancel, and so free the place of, a job still in the thread's queue.
    done, _ = await asyncio.wait([waiting], timeout=remaining)
    if not done:
        raise LateError
    return waiting.result()
