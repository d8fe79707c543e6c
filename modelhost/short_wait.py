"""Whether a process looks for a message again and again before it sleeps until one arrives.

A process that sleeps is woken within 20 to 100 µs, on a virtual machine, and then runs with cold
caches: that costs more than the messages of a call of one row. Looking takes a processor, though,
so it is done only where one is free, and only after messages that came soon.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Mapping, TypeVar

FREE_SECONDS = 0.00005
"""If giving the processor away takes longer, another thread has used it meanwhile."""
PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.02, 1.28
"""Seconds without looking after another thread wanted the processor: twice as long each time
that this happens again before a message was found by looking."""

Result = TypeVar("Result")


class ShortWait:
    """Looks for the messages of one connection; remembers how soon they came."""

    def __init__(self, processors: int, seconds: float, *, soon: bool = True) -> None:
        """``processors``: how many there are for the flow and the member; of one, none is free.

        ``seconds``: how long a message is looked for; after one that took longer, the next isn't.
        ``soon``: whether the first is looked for.
        """
        self._allowed = processors > 1
        self._seconds = seconds
        self._soon = soon
        self._paused_until = 0.0
        self._pause = PAUSE_SECONDS

    def look(self, once: Callable[[], Result | None], until: float | None) -> Result | None:
        """The first that ``once`` returns beside None, or None: sleep until there is one.

        ``until``: ``time.monotonic()`` after which nothing is looked for.
        """
        now = time.monotonic()
        if not self.looks(now):
            return None
        end = now + self._seconds
        if until is not None:
            end = min(end, until)
        while now < end:
            value = once()
            if value is not None:
                self._pause = PAUSE_SECONDS
                return value
            before = time.monotonic()
            os.sched_yield()
            now = time.monotonic()
            if now - before > FREE_SECONDS:
                self._paused_until = now + self._pause
                self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)
                return None
        return None

    def looks(self, now: float) -> bool:
        """Whether a message is looked for at ``now`` (``time.monotonic()``)."""
        return self._allowed and self._soon and now >= self._paused_until

    def took(self, seconds: float) -> None:
        """Remember how long a message took to come, however it was awaited."""
        self._soon = seconds < self._seconds


def processors(variables: Mapping[str, str]) -> int:
    """Processors for the flow and its members: the server's share for this process, if it says one.

    A server sets ``OMP_NUM_THREADS``, which follows the limits of its control group.
    """
    mine = len(os.sched_getaffinity(0))
    setting = variables.get("OMP_NUM_THREADS", "")
    return min(mine, int(setting)) if setting.isdigit() else mine
