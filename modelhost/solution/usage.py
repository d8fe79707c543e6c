"""What the calls of members cost, and how they ended."""

from __future__ import annotations

from typing import Any, NamedTuple

ANSWERED, FAILED, NULL = "answered", "failed", "null"


class MemberCall(NamedTuple):
    """One call of a member. Times are ``time.perf_counter()`` seconds of the flow's process."""

    member: str
    rows: int
    outcome: str
    """``answered``, ``failed``, or ``null``: a failure that the flow got as nulls."""
    began: float
    """When the flow handed over the rows."""
    asked_for: float
    """When the flow began to wait for the answers."""
    ended: float
    """When the flow had the answers."""
    own: float
    """Seconds that the member's model took, as its own process measured them."""
    sent: float
    """When the flow went on after it handed over the rows."""
    own_began: float
    """When the member's model began; 0 if no answer came."""
    queued: float
    """Seconds that the rows waited behind an earlier call of the member."""

    def as_json(self) -> list[Any]:
        """For a header; ``MemberCall(*one)`` is the inverse."""
        return list(self)


class Usage:
    """The calls since they were last taken."""

    def __init__(self) -> None:
        self._calls: list[MemberCall] = []
        self._seconds = 0.0

    def add(self, call: MemberCall) -> None:
        """Record a call."""
        self._calls.append(call)

    def add_run(self, seconds: float) -> None:
        """Record a run of the flow."""
        self._seconds += seconds

    def take_seconds(self) -> float:
        """The seconds of the flow's runs, which are forgotten here."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def take(self) -> list[MemberCall]:
        """The calls, which are forgotten here."""
        calls, self._calls = self._calls, []
        return calls


def totals(calls: list[MemberCall]) -> dict[str, list[float]]:
    """Member → calls, rows answered, rows failed, seconds of the calls, seconds of its model."""
    made: dict[str, list[float]] = {}
    for call in calls:
        one = made.setdefault(call.member, [0, 0, 0, 0.0, 0.0])
        one[0] += 1
        one[1 if call.outcome == ANSWERED else 2] += call.rows
        one[3] += call.ended - call.began
        one[4] += call.own
    return made
