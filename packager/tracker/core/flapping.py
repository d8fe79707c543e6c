"""Issues that begin again soon after their end: after some bounces they stay open until quiet."""

from __future__ import annotations

from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import Event, Issue, Transition
from packager.tracker.core.moments import DAY, HOUR, MINUTE

BOUNCE_SECONDS = 15 * MINUTE
"""A finding that begins again this soon after its end is a bounce."""
MAX_BOUNCES = 3
"""Bounces within ``BOUNCE_MEMORY`` that make an issue flap."""
BOUNCE_MEMORY = DAY
QUIET_SECONDS = HOUR
"""Time without a finding after which a flapping issue is resolved."""


def with_bounce(
    before: Issue, change: Transition, finding: Finding, now: float, time_scale: int = 1
) -> Transition:
    """``change``, flapping if ``finding`` opened a resolved issue again too often.

    ``before``: the issue before it. ``time_scale`` divides all times of this module: on a
    shorter scale of the rules, faults minutes apart are not one that comes and goes.
    """
    if not any(event.what == "regressed" for event in change.events):
        return change
    if before.cleared_at is None or now - before.cleared_at > BOUNCE_SECONDS / time_scale:
        return change
    recent = [one for one in before.bounces if now - one <= BOUNCE_MEMORY / time_scale]
    bounces = (*recent, now)
    if len(bounces) < MAX_BOUNCES:
        return Transition(
            issue=change.issue.with_changes({"bounces": bounces}), events=change.events
        )
    quiet = QUIET_SECONDS / time_scale
    text = (
        f"began again {len(bounces)} times within {duration_text(BOUNCE_SECONDS / time_scale)}"
        " of its end"
    )
    event = Event(at=now, who=finding.source, what="flapping", text=text, version=finding.version)
    changes = {"bounces": bounces, "flapping": True, "quiet_seconds": quiet}
    return Transition(issue=change.issue.with_changes(changes), events=(*change.events, event))


def duration_text(seconds: float) -> str:
    """``1 hour``, ``15 minutes``, ``20 seconds``: the largest unit that it is a multiple of."""
    for unit, name in ((HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= unit and seconds % unit == 0:
            return _counted(seconds / unit, name)
    return _counted(seconds, "second")


def _counted(number: float, unit: str) -> str:
    return f"{number:g} {unit}" + ("" if number == 1 else "s")
