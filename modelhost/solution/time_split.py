"""The time of a flow by part: its members, the time between, and the flow itself.

A flow runs in one thread. While it hands rows over or waits for answers, its time is that of a
member; the rest is its own. So the parts of all members and the flow's sum to the time of its run,
also if members work at the same time.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

from modelhost.solution.usage import ANSWERED, MemberCall

PARTS = ("own", "crossing", "waiting", "overlapped")


class MemberTimes(NamedTuple):
    """Seconds of one member; the first three are time of the flow."""

    own: float
    """The member's model ran while the flow waited for it."""
    crossing: float
    """The conversion and transport of rows and answers."""
    waiting: float
    """Behind an earlier call of the member, or for an answer that did not come."""
    overlapped: float
    """The member's model ran while the flow did something else: no part of its time."""

    @property
    def on_path(self) -> float:
        """Seconds of the flow's time."""
        return self.own + self.crossing + self.waiting


def split_times(
    calls: Sequence[MemberCall], flow_seconds: float
) -> tuple[dict[str, MemberTimes], float]:
    """Member → its times, and the flow's own seconds.

    ``calls``: of runs of the flow that took ``flow_seconds``.
    """
    blocks = sorted(
        (began, ended, number)
        for number, call in enumerate(calls)
        for began, ended in ((call.began, call.sent), (call.asked_for, call.ended))
    )
    blocked = [0.0] * len(calls)
    own = [0.0] * len(calls)
    free = float("-inf")
    for began, ended, number in blocks:
        began = max(began, free)  # a flow with threads of its own may wait twice at once
        if ended > began:
            free = ended
            call = calls[number]
            blocked[number] += ended - began
            own[number] += _overlap(began, ended, call.own_began, call.own_began + call.own)
    by_member: dict[str, MemberTimes] = {}
    for number, call in enumerate(calls):
        rest = blocked[number] - own[number]
        waiting = min(call.queued, rest) if call.outcome == ANSWERED else rest
        times = (own[number], rest - waiting, waiting, call.own - own[number])
        known = by_member.get(call.member, MemberTimes(0.0, 0.0, 0.0, 0.0))
        by_member[call.member] = MemberTimes(*(a + b for a, b in zip(known, times)))
    return by_member, max(0.0, flow_seconds - sum(blocked))


def _overlap(began: float, ended: float, other_began: float, other_ended: float) -> float:
    return max(0.0, min(ended, other_ended) - max(began, other_began))
