"""Asks the model processes of a server, from a worker's event loop.

A request goes to the process that has the fewest of this worker's requests, and none that is
overdue if there is such a process. While no process is
ready, requests wait; each waits until its own deadline at most.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

from modelhost.wire import Message
from monitoring.metrics.members import MemberMetrics
from serving.prediction.errors import (
    ClientDisconnectedError,
    DeadlineExceededError,
    QueueFullError,
)
from serving.prediction.member_messages import READY, read_usage
from serving.prediction.model_connection import ModelProcess, PendingRequest
from serving.prediction.model_table import ModelEnd, WorkerModelTable
from serving.prediction.request_limit import RequestLimit

LOOK_SECONDS = 0.5
"""Interval at which a thread that waits for an answer checks that the event loop still runs."""
MAX_STOPPED_LOOKS = 4
OWED_SECONDS = 0.5
"""Seconds between reports to the supervisor of requests that a process has not answered."""
GRACE_SECONDS = 5.0
"""Time after the deadline in which the event loop reports it."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ModelClient:
    """The model processes; all methods but ``request_blocking`` are called from one event loop."""

    def __init__(
        self,
        addresses: Sequence[str],
        limit: RequestLimit,
        *,
        lazy: bool = False,
        board: WorkerModelTable | None = None,
    ) -> None:
        """``addresses`` of the processes' sockets; ``limit`` bounds the requests at a time.

        ``lazy``: connect at the first request, which starts the processes. ``board``: shared with
        the supervisor, if there is one.
        """
        self._board = board
        self._lazy = lazy
        self._request_limit = limit
        self._numbers = itertools.count(1)
        self._waiting: deque[PendingRequest] = deque()
        self._processes = [ModelProcess(address, self) for address in addresses]
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0
        self.was_ready = False
        """Whether a process has ever been ready."""
        self._member_metrics: MemberMetrics | None = None
        self._needed: frozenset[str] = frozenset()

    def watch_members(self, metrics: MemberMetrics, needed: frozenset[str]) -> None:
        """Count what members of a solution do; ``needed``: those that no flow does without."""
        self._member_metrics, self._needed = metrics, needed
        self.members_changed()

    def start(self) -> None:
        """Connect to the processes, or be ready to."""
        self._loop = asyncio.get_running_loop()
        if not self._lazy:
            self._connect()

    def _connect(self) -> None:
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(process.run()) for process in self._processes]
            if self._board is not None:
                self._tasks.append(loop.create_task(self._report(self._board)))

    def close(self) -> None:
        """Close the connections."""
        for task in self._tasks:
            task.cancel()

    @property
    def ready(self) -> bool:
        """Whether a process takes requests."""
        return any(process.connected for process in self._processes)

    @property
    def busy(self) -> bool:
        """Whether a request has no answer yet."""
        return bool(self._waiting) or any(process.in_flight for process in self._processes)

    @property
    def stuck(self) -> bool:
        """Whether every process that takes requests has left one without an answer too long."""
        now = time.monotonic()
        connected = [process for process in self._processes if process.connected]
        return bool(connected) and all(one.owed(now) for one in connected)

    def waiting_member(self) -> tuple[str, str] | None:
        """A needed member and why it is not ready, if no process has all that are needed."""
        waiting = [
            process.waiting_member(self._needed) for process in self._processes if process.connected
        ]
        return waiting[0] if waiting and None not in waiting else None

    def last_ends(self) -> dict[int, ModelEnd]:
        """Number → end, of the processes that have not loaded the model since."""
        ends = {} if self._board is None else self._board.last_ends()
        since = [process.greeted_at for process in self._processes]
        return {number: end for number, end in ends.items() if end.at > since[number - 1]}

    async def request(
        self, message: Message, deadline: float, receive: Receive | None = None
    ) -> Message:
        """The answer to a request, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``QueueFullError`` at once if the limit is reached, ``DeadlineExceededError`` at the
        deadline, ``ClientDisconnectedError`` when ``receive`` reports a disconnect (without it,
        cancel the task), and
        ``ModelProcessEndedError`` if the process ends before it answers.
        """
        self._request_limit.take()
        return await self._request(message, deadline, receive, placed=True)

    def request_blocking(self, message: Message, deadline: float) -> Message:
        """Like ``request``, for a thread, whose request has a place already.

        Raises ``DeadlineExceededError`` also if the event loop ends meanwhile.
        """
        loop = self._loop
        assert loop is not None
        asking = asyncio.run_coroutine_threadsafe(
            self._request(message, deadline, None, placed=False), loop
        )
        stopped = 0
        while not asking.done():
            with suppress(TimeoutError):
                asking.result(LOOK_SECONDS)
            stopped = 0 if loop.is_running() else stopped + 1
            if stopped > MAX_STOPPED_LOOKS or time.monotonic() > deadline + GRACE_SECONDS:
                break  # nothing will answer: without this, the thread would keep the process
        if not asking.done():
            asking.cancel()
            raise DeadlineExceededError
        return asking.result()

    async def _request(
        self, message: Message, deadline: float, receive: Receive | None, *, placed: bool
    ) -> Message:
        loop = asyncio.get_running_loop()
        self._connect()
        number = next(self._numbers)
        header = {**message.header, "id": number, "deadline": int(deadline * 1e9)}
        whole = Message(header, message.buffers)
        request = PendingRequest(number, whole, deadline, loop.create_future(), placed=placed)
        self._waiting.append(request)
        self._dispatch()
        self._expire_at(deadline)
        gone = None if receive is None else loop.create_task(self._watch(request, receive))
        try:
            answer = await request.future
        finally:
            if gone is not None:
                gone.cancel()
            if request.future.cancelled():
                self._abandon(request)
        if "full" in answer.header:
            raise QueueFullError
        if "skipped" in answer.header:
            raise DeadlineExceededError
        return answer

    def _expire_at(self, deadline: float) -> None:
        """See to it that ``_expire`` runs at ``deadline``: one timer for all requests."""
        if self._alarm is None or deadline < self._alarm_at:
            if self._alarm is not None:
                self._alarm.cancel()
            remaining = max(0.0, deadline - time.monotonic())
            self._alarm = asyncio.get_running_loop().call_later(remaining, self._expire)
            self._alarm_at = deadline

    def _expire(self) -> None:
        """Give up the requests whose deadline has passed."""
        self._alarm = None
        now = time.monotonic()
        asked = (request for one in self._processes for request in one.in_flight.values())
        unanswered = [one for one in (*self._waiting, *asked) if not one.future.done()]
        for request in unanswered:
            if request.deadline <= now:
                self._give_up(request, DeadlineExceededError())
        deadlines = [request.deadline for request in unanswered if request.deadline > now]
        if deadlines:
            self._expire_at(min(deadlines))

    async def _watch(self, request: PendingRequest, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._give_up(request, ClientDisconnectedError())

    def _give_up(self, request: PendingRequest, error: Exception) -> None:
        """Stop waiting; a request that a process has keeps its place until that answers."""
        if request.future.done():
            return
        request.future.set_exception(error)
        self._abandon(request)

    def _abandon(self, request: PendingRequest) -> None:
        if request.process is not None:
            request.process.cancel(request)
        else:
            self._waiting.remove(request)
            self.request_done(request)

    def process_ready(self) -> None:
        """Called when a process has loaded the model."""
        self.was_ready = True
        self._dispatch()

    def members_changed(self) -> None:
        """Called when a process has told of its members, or ended."""
        metrics = self._member_metrics
        if metrics is not None:
            for name in metrics.names:
                ready = [process.members.get(name) == READY for process in self._processes]
                metrics.set_ready(name, sum(ready))

    def members_called(self, calls: Any) -> None:
        """Called with the calls of members that came with an answer; raises ``ValueError``."""
        if self._member_metrics is not None:
            self._member_metrics.add(read_usage(calls))

    def _dispatch(self) -> None:
        """Send the requests that wait, each to the process that has the fewest."""
        connected = [process for process in self._processes if process.connected]
        while self._waiting and connected:
            best = connected[0]
            if len(connected) > 1:
                best = min(connected, key=lambda one: one.load(self._needed))
            best.send(self._waiting.popleft())

    async def _report(self, board: WorkerModelTable) -> None:
        """Tell the supervisor which processes leave a request unanswered: their loop may run."""
        while True:
            now = time.monotonic()
            for number, one in enumerate(self._processes, start=1):
                board.owes(number, int(one.owed(now) * 1e9))
            await asyncio.sleep(OWED_SECONDS)

    def request_done(self, request: PendingRequest) -> None:
        """Called after each request: its answer, or the end of its process."""
        if request.placed:
            self._request_limit.free()
