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
    """A request whose answer is being made.

    It runs the coroutine that makes it, as a task would, but for the first part, which runs at once
    as in the eager tasks of Python 3.12: the turns of the event loop that a task takes to begin and
    to end cost a tenth of a small request. The coroutine can't ask for its task.
    """

    def __init__(self, write: Callable[[RawResponse], None]) -> None:
        """``write`` gets the answer once, unless the connection is lost."""
        self.response_complete = False
        self.response_started = False
        self.more_body = False
        self.disconnected = False
        self.keep_alive = True
        """Whether the connection stays open after the answer."""
        self._write = write
        self._later: Later
        self._waited: asyncio.Future[Any] | None = None
        """What the coroutine waits for."""

    def begin(self, later: Later) -> None:
        """Run ``later`` until it waits for something; to be called once."""
        self._later = later
        self._advance()

    @property
    def message_event(self) -> Self:
        """Something to ``set``, which uvicorn does when the connection is lost."""
        return self

    def set(self) -> None:
        """Stop making the answer if nobody waits for it."""
        if self.disconnected and self._waited is not None:
            self._waited.cancel()

    def _advance(self, _waited: asyncio.Future[Any] | None = None) -> None:
        """Run the coroutine until it waits again, or to its end."""
        self._waited = None
        try:
            waited = self._later.send(None)
        except StopIteration as end:
            self._answer(end.value)
        except asyncio.CancelledError:
            return
        else:
            if waited is None:  # it only gives others a turn
                asyncio.get_running_loop().call_soon(self._advance)
                return
            waited._asyncio_future_blocking = False
            waited.add_done_callback(self._advance)
            self._waited = waited

    def _answer(self, answer: RawResponse | None) -> None:
        if answer is None or self.disconnected:
            return
        if not self.keep_alive and not answer.close:
            answer.close = True
            answer.headers.append((b"connection", b"close"))
        self.response_started = self.response_complete = True
        self._write(answer)
