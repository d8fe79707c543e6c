"""When metrics are pushed: at intervals, again after a failure, and a last time at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable

from monitoring.metrics.pushes import PushCounts
from monitoring.otlp.export_request import Moment, Resource, export_request
from serving.push.receiver import MetricsPushResult, MetricsReceiver
from serving.push.settings import PushSettings

PUSH_SECONDS = 10.0
"""Time for one push."""
LAST_SECONDS = 5.0
"""Time for all that is sent at the end; a platform kills ten seconds after SIGTERM."""
FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 300.0
START_SECONDS = 0.5
"""Between looks whether a worker has loaded the package."""
LOADED = "\nmodel_package_info{"

logger = logging.getLogger("serving")


class MetricsPusher:
    """Sends cumulative counters, so a push that failed is made good by the next: none is kept."""

    def __init__(
        self,
        settings: PushSettings,
        resource: Resource,
        started: int,
        text: Callable[[], str],
        counts: PushCounts,
    ) -> None:
        """``started``: when counting began, nanoseconds since 1970. ``text``: of ``/metrics``."""
        self._settings = settings
        self._resource = resource
        self._started = self._now = started
        self._text = text
        self._counts = counts
        self._receiver = MetricsReceiver(settings)
        self._failures = 0
        """Pushes in a row that were not taken."""
        self._said: str | None = None
        """The reason that was logged last; empty for success, None before the first push."""

    async def run(self, ended: asyncio.Event) -> None:
        """Push until ``ended`` is set, and then a last time, within ``LAST_SECONDS``."""
        pushing = asyncio.create_task(self._repeat(ended))
        ending = asyncio.create_task(ended.wait())
        await asyncio.wait({pushing, ending}, return_when=asyncio.FIRST_COMPLETED)
        until = time.monotonic() + LAST_SECONDS
        await asyncio.wait({pushing}, timeout=LAST_SECONDS / 2)
        if pushing.done():
            pushing.result()  # it may have ended with an exception
        else:
            pushing.cancel()
            await asyncio.wait({pushing})
        await self._last(until)
        self._receiver.close()

    async def _repeat(self, ended: asyncio.Event) -> None:
        while LOADED not in self._text() and not ended.is_set():
            await _pause(START_SECONDS, ended)
        while not ended.is_set():
            began = time.monotonic()
            result = await self._push(PUSH_SECONDS)
            await _pause(self.pause_after(result, time.monotonic() - began), ended)

    async def _last(self, until: float) -> None:
        """Send the last values, and that the series end with them.

        So a replica that was taken away is not counted for five more minutes.
        """
        text = self._text()
        if LOADED not in text:
            return
        result = await self._push(until - time.monotonic())
        remaining = until - time.monotonic()
        if result.outcome == "failed" and remaining > FIRST_PAUSE_SECONDS:
            await asyncio.sleep(min(result.retry_after or 0.2, remaining / 2))
            result = await self._push(until - time.monotonic())
        remaining = until - time.monotonic()
        if result.outcome in ("sent", "partial") and remaining > 0:
            moment = Moment(self._started, self._next(), ended=True)
            await self._receiver.push(export_request(text, self._resource, moment), remaining)

    async def _push(self, seconds: float) -> MetricsPushResult:
        moment = Moment(self._started, self._next())
        request = export_request(self._text(), self._resource, moment)
        result = await self._receiver.push(request, seconds)
        self._counts.add(result.outcome, time.time())
        taken = result.outcome in ("sent", "partial")
        self._failures = 0 if taken else self._failures + 1
        self._log_change(result)
        return result

    def pause_after(self, result: MetricsPushResult, took: float) -> float:
        """Seconds until the next push, after one that took ``took`` seconds.

        After a failure they double from push to push, with a fifth more or less, so that replicas
        which failed together don't return together; at least what the receiver asked for.
        """
        if result.outcome != "failed":
            return max(self._settings.seconds - took, 0.1)
        most = max(self._settings.seconds, MAX_PAUSE_SECONDS)
        doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 20)
        pause = min(result.retry_after or 0.0, MAX_RETRY_AFTER_SECONDS)
        return max(min(doubled, most) * random.uniform(0.8, 1.2), pause)

    def _next(self) -> int:
        """Now, in nanoseconds since 1970, but later than the last time: a clock may be set back."""
        self._now = max(time.time_ns(), self._now + 1_000_000)
        return self._now

    def _log_change(self, result: MetricsPushResult) -> None:
        """Log a change: the first push, a new reason of failure, the recovery."""
        if result.reason == self._said:
            return
        where = self._settings.shown
        if not result.reason:
            how = "" if self._said is None else " again; no count is lost"
            every = f"every {self._settings.seconds:g} s"
            logger.info("metrics are pushed to %s %s%s", where, every, how)
        else:
            logger.error("metrics pushed to %s are not all taken: %s", where, result.reason)
        self._said = result.reason


async def _pause(seconds: float, ended: asyncio.Event) -> None:
    """Wait, but not longer than until ``ended`` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), seconds)
