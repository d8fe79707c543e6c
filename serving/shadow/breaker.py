"""A circuit breaker: after failures in a row, no request is sent for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_FAILURES = 5
"""Failures in a row that open the breaker."""
FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0


class CircuitBreaker:
    """Closed while answers come; open for a pause that doubles until a trial succeeds.

    Source: Nygard (2018), Release It!, 2nd edition, chapter 5.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._until: float | None = None
        """When the next trial may begin; None while the breaker is closed."""
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether requests are held back; a trial may still be allowed."""
        return self._until is not None

    @property
    def holds(self) -> bool:
        """Whether it is open, and no trial may begin now."""
        if self._until is None:
            return False
        return self._trying or self._clock() < self._until

    def allows(self) -> bool:
        """Whether a request may be sent now; while it is open, one trial after each pause."""
        if self._until is None:
            return True
        if self.holds:
            return False
        self._trying = True
        return True

    def succeeded(self) -> bool:
        """Note an answer; return whether that closes the breaker."""
        closes = self._until is not None
        self._failures, self._pause = 0, FIRST_PAUSE_SECONDS
        self._until, self._trying = None, False
        return closes

    def refused(self) -> bool:
        """Note an answer that refuses several rows; return whether that closes the breaker.

        It ends a trial: the server answers. Its rows may all be refused one by one, so failures in
        a row still count, and the next pause is as long as it would be after a failed trial.
        """
        if not self._trying:
            return False
        self._failures, self._until, self._trying = 0, None, False
        return True

    def failed(self) -> float | None:
        """Note a failure; return the seconds of the pause that begins with it, None for none."""
        self._failures += 1
        if self._until is not None and not self._trying:  # it was sent before the breaker opened
            return None
        if self._until is None and self._failures < MAX_FAILURES:
            return None
        pause = self._pause
        self._until, self._trying = self._clock() + pause, False
        self._pause = min(2 * pause, MAX_PAUSE_SECONDS)
        return pause
