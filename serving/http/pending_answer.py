"""A request of the shortcut that waits for its answer, in the place of uvicorn's cycle.

uvicorn keeps requests that follow on a connection until the cycle before them is complete, and
tells the cycle when the connection is lost. It needs no more of it than the attributes below, which
``serving.http.uvicorn_check`` proves for the installed version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self


@dataclass(slots=True)
class RawResponse:
    """An answer without the server's default headers."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    close: bool
    """Close the connection after this answer."""


Later = Coroutine[Any, Any, RawResponse | None]
"""An answer that is not there yet; None if there is nothing to send."""


class PendingAnswer:
    """A request whose answer is being made by a task."""

    def __init__(
        self, later: Later, write: Callable[[RawResponse], None], tasks: set[asyncio.Task[None]]
    ) -> None:
        """Begin; ``write`` gets the answer once, unless the connection is lost.

        ``tasks``: those that the server awaits before it ends.
        """
        self.response_complete = False
        self.response_started = False
        self.more_body = False
        self.disconnected = False
        self.keep_alive = True
        """Whether the connection stays open after the answer."""
        self._write = write
        self._task = asyncio.get_running_loop().create_task(self._answer(later))
        tasks.add(self._task)
        self._task.add_done_callback(tasks.discard)

    @property
    def message_event(self) -> Self:
        """Something to ``set``, which uvicorn does when the connection is lost."""
        return self

    def set(self) -> None:
        """Stop making the answer if nobody waits for it."""
        if self.disconnected:
            self._task.cancel()

    async def _answer(self, later: Later) -> None:
        answer = await later
        if answer is None or self.disconnected:
            return
        if not self.keep_alive and not answer.close:
            answer.close = True
            answer.headers.append((b"connection", b"close"))
        self.response_started = self.response_complete = True
        self._write(answer)
