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

    def as_json(self) -> list[Any]:
        """For a header; ``MemberCall(*one)`` is the inverse."""
        return list(self)


class Usage:
    """The calls since they were last taken."""

    def __init__(self) -> None:
        self._calls: list[MemberCall] = []

    def add(self, call: MemberCall) -> None:
        """Record a call."""
        self._calls.append(call)

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
