"""How an issue ends without a person: its source clears it, a proof closes it, or time passes."""

from __future__ import annotations

from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import (
    ACTIVE,
    MAX_OBSERVATIONS,
    SOURCE,
    Event,
    Issue,
    State,
    Transition,
    worst,
)
from packager.tracker.core.moments import HOUR
from packager.tracker.core.states import due_reason, woken

QUIET_SECONDS = HOUR
"""Time without a finding after which a flapping issue is resolved."""


def cleared(issue: Issue, finding: Finding, now: float) -> Transition:
    """An issue after its source said that an observation is over; late messages change nothing."""
    known = issue.active.get(finding.observation)
    if known is None or finding.starts_at < known.starts_at:
        return Transition(issue=issue)
    return without_observation(issue, finding.observation, now, finding.source)


def without_observation(
    issue: Issue, key: str, now: float, who: str, text: str = "", resolved_in: str | None = None
) -> Transition:
    """An issue without one observation; resolved if it was the last one and it isn't flapping."""
    left = _ended(issue, key, now)
    if left.firing or issue.state in (State.RESOLVED, State.IGNORED):
        return Transition(issue=left)
    if issue.flapping:
        event = Event(at=now, who=who, what="cleared", text="stays open until it is quiet for 1 h")
        return Transition(issue=left, events=(event,))
    return closed(left, now, who, text or f"{who} no longer reports it", resolved_in)


def unobserved(issue: Issue, key: str, now: float, who: str, version: str) -> Transition:
    """An issue whose observation ended with the last replica of a version: it stays open.

    The next version's first complete hour decides whether it is resolved.
    """
    left = _ended(issue, key, now)
    if left.firing or issue.state in (State.RESOLVED, State.IGNORED):
        return Transition(issue=left)
    text = f"not observed any more: the last replica of {version or 'its version'} ended"
    event = Event(at=now, who=who, what="unobserved", text=text, version=version)
    return Transition(issue=left.with_changes({"unobserved": True}), events=(event,))


def _ended(issue: Issue, key: str, now: float) -> Issue:
    active = dict(issue.active)
    ended = dict(issue.ended)
    found = active.pop(key, None)
    if found is not None:
        ended.pop(key, None)
        ended[key] = found.starts_at
    if len(ended) > MAX_OBSERVATIONS:
        del ended[next(iter(ended))]
    changes: dict[str, object] = {
        "active": active,
        "ended": ended,
        "numbers": worst(active.values(), issue.numbers),
    }
    if not active and issue.cleared_at is None:
        changes["cleared_at"] = now
    return issue.with_changes(changes)


def closed(
    issue: Issue, now: float, who: str, text: str, resolved_in: str | None = None
) -> Transition:
    """An issue that its source, or a proof, closed; every observation of it is over."""
    for key in issue.active:
        issue = _ended(issue, key, now)
    changes = {
        "state": State.RESOLVED,
        "state_since": now,
        "closed_by": SOURCE,
        "snooze": None,
        "ignored": None,
        "flapping": False,
        "unobserved": False,
        "resolved_in": resolved_in,
    }
    event = Event(at=now, who=who, what="resolved", text=text, version=resolved_in or "")
    return Transition(issue=issue.with_changes(changes), events=(event,))


def after_time(issue: Issue, now: float) -> Transition:
    """An issue after time passed without a finding: the end of a snooze or of flapping."""
    reason = due_reason(issue, now)
    if reason is not None:
        if issue.firing:
            return woken(issue, now, reason)
        return closed(issue, now, SOURCE, f"{reason}, and no source reports it any more")
    quiet = issue.cleared_at is not None and now - issue.cleared_at >= QUIET_SECONDS
    if issue.flapping and quiet and issue.state in ACTIVE:
        return closed(issue.with_changes({"bounces": ()}), now, SOURCE, "quiet for an hour")
    return Transition(issue=issue)
