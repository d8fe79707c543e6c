"""The one thread of a worker for work that would block its event loop, and the queue for it.

A running job can't be interrupted: one that never ends keeps its place, so a worker never holds
more requests than it admits. All methods are called from one event loop; only jobs run in the
thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from serving.prediction.errors import ClientDisconnectedError, DeadlineExceededError
from serving.prediction.model_client import Receive
from serving.prediction.request_limit import RequestLimit


def ignore_result(_since: int) -> None:
    """The default for ``busy``: do nothing."""


@dataclass(eq=False)
class _Waiting:
    """An entry of the queue."""

    future: asyncio.Future[Any]
    job: Callable[[], Any]
    running: bool = field(default=False)


class JobThread:
    """Runs jobs one after another."""

    def __init__(self, limit: RequestLimit, busy: Callable[[int], None] = ignore_result) -> None:
        """``busy`` gets ``time.monotonic_ns()`` when the thread begins, and 0 when it has ended."""
        self._busy = busy
        self._request_limit = limit
        self._queue: deque[_Waiting] = deque()
        self._running: _Waiting | None = None
        self._began = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    @property
    def running_seconds(self) -> float:
        """Seconds for which the current job has been running; 0 while the thread is idle."""
        return time.monotonic() - self._began if self._running else 0.0

    async def run(self, job: Callable[[], Any], deadline: float, receive: Receive | None) -> Any:
        """The result of ``job``, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``QueueFullError`` at once if the limit is reached, ``DeadlineExceededError`` at the
        deadline, ``ClientDisconnectedError`` when ``receive`` reports a disconnect (without it,
        cancel the task); a job that hasn't begun by then is never run.
        """
        self._request_limit.take()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), job)
        self._queue.append(waiting)
        self._next()
        remaining = max(0.0, deadline - time.monotonic())
        late = loop.call_later(remaining, self._give_up, waiting, DeadlineExceededError())
        gone = None if receive is None else loop.create_task(self._watch(waiting, receive))
        try:
            return await waiting.future
        finally:
            late.cancel()
            if gone is not None:
                gone.cancel()
            if waiting.future.cancelled():
                self._abandon(waiting)

    def close(self) -> None:
        """Accept no more jobs; a running one is finished when the process ends."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _watch(self, waiting: _Waiting, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._give_up(waiting, ClientDisconnectedError())

    def _give_up(self, waiting: _Waiting, error: Exception) -> None:
        """Stop waiting."""
        if waiting.future.done():
            return
        waiting.future.set_exception(error)
        self._abandon(waiting)

    def _abandon(self, waiting: _Waiting) -> None:
        """Remove an entry that nobody waits for; a running one keeps its place until it is done."""
        if not waiting.running:
            self._queue.remove(waiting)
            self._request_limit.free()

    def _next(self) -> None:
        """Start the first entry of the queue."""
        if self._running or not self._queue:
            return
        self._began = time.monotonic()
        self._busy(time.monotonic_ns())
        self._running = waiting = self._queue.popleft()
        waiting.running = True
        loop = asyncio.get_running_loop()
        future = self._thread.submit(waiting.job)
        future.add_done_callback(
            lambda done: loop.is_closed() or loop.call_soon_threadsafe(self._finish, waiting, done)
        )

    def _finish(self, waiting: _Waiting, done: Future[Any]) -> None:
        self._request_limit.free()
        self._running = None
        self._busy(0)
        if not waiting.future.done():
            failure = done.exception()
            if failure is not None:
                waiting.future.set_exception(failure)
            else:
                waiting.future.set_result(done.result())
        self._next()
