"""The one thread in which a worker's model runs, and the requests that wait for it.

A project's model need not be safe to call from two threads, and a running prediction can't be
interrupted: one that takes forever keeps its place, so a worker never holds more than it admits.
Rows that wait while the model is busy form its next batch. When it is done, those it answered are
likely to ask again in a moment: the next batch begins when as many wait as there were, or after a
fifth of the time the last one took. Otherwise one request would go alone and all others behind it,
in turn. Where one client asks at a time, nobody waits. All of this is used from one event loop;
only jobs and batches run in the thread.
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
"""Of the time the last batch took: how long the next one is held for those to come back."""
MAX_LINGER = 0.005

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def ignore_result(_since: int) -> None:
    """What a lane says where nobody looks after it."""


class QueueFullError(Exception):
    """As many requests as admitted are waiting or running."""


class DeadlineExceededError(Exception):
    """The deadline passed before there was an answer."""


class ClientDisconnectedError(Exception):
    """The client went away while it waited."""


class Batches(Protocol[T_contra, R_co]):
    """How rows of several requests are put together; called in the thread, but ``group``."""

    def group(self, item: T_contra) -> Hashable:
        """Items of equal groups may be put together; None: with no other."""
        ...

    def size(self, item: T_contra) -> int:
        """How many rows an item has."""
        ...

    def predict_together(self, items: Sequence[T_contra]) -> Sequence[R_co | BaseException]:
        """One result or exception for each item."""
        ...


@dataclass(eq=False)
class _Waiting(Generic[T]):
    """A place in the lane: a job to run alone, or an item for the next batch."""

    future: asyncio.Future[Any]
    job: Callable[[], Any] | None = None
    item: T | None = None
    group: Hashable = None
    rows: int = 0
    running: bool = field(default=False)


class Batcher(Generic[T, R]):
    """Runs jobs one after the other, and items that wait together in batches."""

    def __init__(
        self,
        places: int,
        batches: Batches[T, R],
        most_rows: int,
        busy: Callable[[int], None] = ignore_result,
    ) -> None:
        """``busy`` hears ``time.monotonic_ns()`` when the thread begins, and 0 when it is done."""
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
        """How long the thread has been at what it does; 0 while it has nothing to do."""
        return time.monotonic() - self._began if self._running else 0.0

    async def run(self, job: Callable[[], Any], deadline: float, receive: Receive) -> Any:
        """The result of ``job``, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``QueueFullError`` at once where there is no place, ``DeadlineExceededError`` at the
        deadline, ``ClientDisconnectedError`` when ``receive`` says that the client went away; a job
        whose turn comes after either isn't begun.
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
        """Take no more jobs; what runs is finished when the process ends."""
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
        """End the wait; what runs keeps its place until it is done."""
        if waiting.future.done():
            return
        waiting.future.set_exception(error)
        if not waiting.running:
            self._queue.remove(waiting)
            self._taken -= 1

    def _next(self) -> None:
        """Let the thread begin with what waits first, and all that may go with it."""
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
        """Whether more are likely to come within a moment."""
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
