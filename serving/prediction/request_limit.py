"""The bound on requests of a worker that wait for the model or are predicted."""

from __future__ import annotations

from serving.prediction.errors import QueueFullError


class RequestLimit:
    """Counts requests; not thread-safe: call it from the worker's event loop."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self) -> None:
        """Admit a request; raises ``QueueFullError``."""
        if self._left <= 0:
            raise QueueFullError
        self._left -= 1

    def free(self) -> None:
        """Note that an admitted request has ended."""
        self._left += 1
