"""A request to the process of a member, and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberUnavailableError
from modelhost.solution.exchange import Exchange
from modelhost.solution.short_form import ShortRequest
from modelhost.wire import Message

if TYPE_CHECKING:
    from modelhost.solution.member_process import MemberProcess


class PendingReply:
    """A request to the process; its answer is kept until it is waited for."""

    def __init__(
        self,
        process: MemberProcess,
        request: Message | ShortRequest,
        rows: int,
        until: float | None,
        queued: float,
    ) -> None:
        """Send it; ``queued``: seconds that the rows waited for an earlier request."""
        self._process = process
        self._rows = rows
        self._until = until
        self._answer: Message | None = None
        self._error: MemberUnavailableError | None = None
        self._sent: tuple[Exchange, int] | None = None
        self.own = 0.0
        """Seconds that the model took; known after ``wait``, as the next one."""
        self.own_began = 0.0
        """When the model began: ``time.perf_counter()``, which all processes share."""
        self.queued = queued
        try:
            self._sent = process.send(request, until)
        except MemberUnavailableError as error:
            self._error = error

    def wait(self) -> Predictions:
        """The predictions; raises as the call of a member."""
        self.settle()
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        assert self._sent is not None
        predictions = self._process.predictions(self._sent[0], self._answer, self._rows)
        header = self._answer.header
        self.own = float(header.get("seconds", 0.0))
        self.own_began = float(header.get("began", 0.0))
        return predictions

    @property
    def is_settled(self) -> bool:
        """Whether the answer is here, or why there is none."""
        return self._answer is not None or self._error is not None

    def settle(self, until: float | None = None) -> None:
        """Have the answer here, or why there is none, before another request is sent.

        ``until``: the end of that request, by which an answer that nobody waits for any more must
        be here as well.
        """
        if self.is_settled:
            return
        end = self._until
        if until is not None and (end is None or until < end):
            end = until
        with self._process.turn:  # another thread may have it meanwhile
            if not self.is_settled:
                assert self._sent is not None
                try:
                    self._answer = self._process.receive(*self._sent, end)
                except MemberUnavailableError as error:
                    self._error = error
