"""The one thread that runs a worker's model, and the queue of requests for it.

A project's model may not be thread-safe, and a running prediction can't be interrupted: one that
never ends keeps its place, so a worker never holds more requests than it admits.

Rows that wait while the model is busy form its next batch. When a batch ends, its clients are
likely to send another request soon: the next batch begins when as many requests wait as there were,
or after a fifth of the time that the last one took. Without this delay, batches would alternate
between a single request and all others. A single client never waits.

All methods are called from one event loop; only jobs and batches run in the thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, MutableMapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

LINGER_RATIO = 0.2
"""The delay of the next batch, as a fraction of the time that the last one took."""
MAX_LINGER = 0.005

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def ignore_result(_since: int) -> None:
    """The default for ``busy``: do nothing."""


class QueueFullError(Exception):
    """As many requests as admitted are queued or running."""


class DeadlineExceededError(Exception):
    """The deadline passed before an answer was ready."""


class ClientDisconnectedError(Exception):
    """The client disconnected while its request was queued or running."""


class Batches(Protocol[T_contra, R_co]):
    """How to combine rows of several requests; all but ``group`` is called in the thread."""

    def group(self, item: T_contra) -> Hashable:
        """Items of equal groups may be combined; None: never combine."""
        ...

    def size(self, item: T_contra) -> int:
        """The number of rows of an item."""
        ...

    def predict_together(self, items: Sequence[T_contra]) -> Sequence[R_co | BaseException]:
        """One result or exception per item."""
        ...


@dataclass(eq=False)
class _Waiting(Generic[T]):
    """An entry of the queue: a job to run alone, or an item for a batch."""

    future: asyncio.Future[Any]
    job: Callable[[], Any] | None = None
    item: T | None = None
    group: Hashable = None
    rows: int = 0
    running: bool = field(default=False)


class Batcher(Generic[T, R]):
    """Runs jobs one after another, and queued items in batches."""

    def __init__(
        self,
        places: int,
        batches: Batches[T, R],
        most_rows: int,
        busy: Callable[[int], None] = ignore_result,
    ) -> None:
        """``busy`` gets ``time.monotonic_ns()`` when the thread begins, and 0 when it has ended."""
        self._busy = busy
        self._places = places
        self._taken = 0
        self._batches = batches
        self._most_rows = most_rows
        self._queue: deque[_Waiting[T]] = deque()
        self._running: list[_Waiting[T]] = []
        self._began = 0.0
        self._held_until = 0.0
        self._expected = 0
        self._holding: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    @property
    def running_seconds(self) -> float:
        """How long the current job or batch has been running; 0 while the thread is idle."""
        return time.monotonic() - self._began if self._running else 0.0

    async def run(self, job: Callable[[], Any], deadline: float, receive: Receive) -> Any:
        """The result of ``job``, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``QueueFullError`` at once if the queue is full, ``DeadlineExceededError`` at the
        deadline, ``ClientDisconnectedError`` when ``receive`` reports a disconnect; a job that
        hasn't begun by then is never run.
        """
        return await self._wait(_Waiting(self._future(), job=job), deadline, receive)

    async def predict(self, item: T, deadline: float, receive: Receive) -> R:
        """The result for ``item``, alone or in a batch; raises as ``run`` does."""
        waiting = _Waiting(
            self._future(),
            item=item,
            group=self._batches.group(item),
            rows=self._batches.size(item),
        )
        result: R = await self._wait(waiting, deadline, receive)
        return result

    def close(self) -> None:
        """Accept no more jobs; a running one is finished when the process ends."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    async def _wait(self, waiting: _Waiting[T], deadline: float, receive: Receive) -> Any:
        if self._taken >= self._places:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        self._taken += 1
        self._queue.append(waiting)
        self._next()
        left = max(0.0, deadline - time.monotonic())
        late = loop.call_later(left, self._give_up, waiting, DeadlineExceededError())
        gone = loop.create_task(self._watch(waiting, receive))
        try:
            return await waiting.future
        finally:
            late.cancel()
            gone.cancel()

    async def _watch(self, waiting: _Waiting[T], receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._give_up(waiting, ClientDisconnectedError())

    def _give_up(self, waiting: _Waiting[T], error: Exception) -> None:
        """Stop waiting; a running entry keeps its place until it is done."""
        if waiting.future.done():
            return
        waiting.future.set_exception(error)
        if not waiting.running:
            self._queue.remove(waiting)
            self._taken -= 1

    def _next(self) -> None:
        """Start the first entry of the queue, with all that can join its batch."""
        if self._running or not self._queue or self._hold():
            return
        self._began = time.monotonic()
        self._busy(time.monotonic_ns())
        self._running = group = self._batch()
        for waiting in group:
            waiting.running = True
        loop = asyncio.get_running_loop()
        future = self._thread.submit(self._work, group)
        future.add_done_callback(
            lambda done: loop.is_closed() or loop.call_soon_threadsafe(self._finish, group, done)
        )

    def _hold(self) -> bool:
        """Whether to wait briefly, because more requests are likely to arrive."""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        left = self._held_until - time.monotonic()
        waiting = self._queue
        if (
            left <= 0
            or len(waiting) >= self._expected
            or waiting[0].group is None
            or sum(one.rows for one in waiting) >= self._most_rows
        ):
            return False
        self._holding = asyncio.get_running_loop().call_later(left, self._next)
        return True

    def _batch(self) -> list[_Waiting[T]]:
        first = self._queue.popleft()
        batch, rows = [first], first.rows
        if first.group is None:
            return batch
        rest: deque[_Waiting[T]] = deque()
        for waiting in self._queue:
            if waiting.group == first.group and rows + waiting.rows <= self._most_rows:
                batch.append(waiting)
                rows += waiting.rows
            else:
                rest.append(waiting)
        self._queue = rest
        return batch

    def _work(self, group: Sequence[_Waiting[T]]) -> Sequence[Any]:
        job = group[0].job
        if job is not None:
            return [job()]
        return self._batches.predict_together([w.item for w in group if w.item is not None])

    def _finish(self, group: Sequence[_Waiting[T]], done: Future[Sequence[Any]]) -> None:
        self._taken -= len(group)
        self._running = []
        self._busy(0)
        now = time.monotonic()
        self._held_until = now + min(LINGER_RATIO * (now - self._began), MAX_LINGER)
        self._expected = len(group) + len(self._queue)
        failure = done.exception()
        results = [failure] * len(group) if failure is not None else done.result()
        for waiting, result in zip(group, results, strict=True):
            if waiting.future.done():
                continue
            if isinstance(result, BaseException):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(result)
        self._next()
