"""Why a request gets no prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class NotReadyReason:
    """Why no request can be answered now."""

    code: Literal["stuck", "starting", "model_restarting", "member_restarting", "golden_failed"]
    message: str


def member_unready(waiting: tuple[str, str] | None, model: str) -> NotReadyReason | None:
    """For a member of ``model`` that is not ready, and why; None if all are."""
    if waiting is None:
        return None
    name, why = waiting
    return NotReadyReason("member_restarting", f"member {name!r} of {model} {why}")


class QueueFullError(Exception):
    """As many requests as admitted are queued or running."""


class DeadlineExceededError(Exception):
    """The deadline passed before an answer was ready."""


class ClientDisconnectedError(Exception):
    """The client disconnected while its request was queued or running."""


class ModelError(Exception):
    """The model raised, or returned an invalid answer."""

    def __init__(self, said: Sequence[str]) -> None:
        super().__init__("the model raised an error")
        self.said = said
        """The model's exception by type and location, without its message."""


class ModelProcessEndedError(Exception):
    """The model's process ended while it had the request."""


class MemberFailedError(Exception):
    """A member of the solution gave no answer."""

    def __init__(self, member: str, reason: str, *, late: bool) -> None:
        """``reason``: the end of a sentence that begins with the member's name.

        ``late``: whether its deadline passed.
        """
        super().__init__(f"member {member!r} {reason}")
        self.late = late


class RowRefusedError(Exception):
    """The model raised on a row, or on a few rows together, or gave no valid answer to them.

    It answers others.

    The error holds neither the row nor the model's exception, whose message may quote it.
    """

    def __init__(self, rows: range, said: Sequence[str]) -> None:
        super().__init__(f"the model raised on row {rows.start}")
        self.row = rows.start
        self.rows = len(rows)
        self.said = said
        """The model's exception by type and location, without its message."""
        self.column: str | None = None
        self.expected: str | None = None
        self.got: str | None = None
        self.output: str | None = None
        """The output of which the model's answer has another form than ``expected``."""

    def at(self, indices: Sequence[int]) -> RowRefusedError:
        """The error with row numbers of the request; ``indices``: of the predicted rows."""
        self.row = indices[self.row]
        return self
