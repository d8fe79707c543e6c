"""End of an issue without a person: its source clears it, a proof closes it, or time passes."""

from __future__ import annotations

from packager.tracker.core.finding import Finding
from packager.tracker.core.flapping import duration_text
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
from packager.tracker.core.states import due_reason, woken


def cleared(issue: Issue, finding: Finding, now: float) -> Transition:
    """An issue after its source said that an observation is over; late messages change nothing."""
    known = issue.active.get(finding.observation)
    if known is None:  # the message of its start may come later
        over = max(finding.starts_at, issue.ended.get(finding.observation, 0.0))
        return Transition(
            issue=issue.with_changes({"ended": _with_end(issue, finding.observation, over)})
        )
    if finding.starts_at < known.starts_at:
        return Transition(issue=issue)
    latest = known.model_copy(update={"starts_at": finding.starts_at})
    issue = issue.with_changes({"active": {**issue.active, finding.observation: latest}})
    return without_observation(issue, finding.observation, now, finding.source)


def without_observation(
    issue: Issue, key: str, now: float, who: str, text: str = "", resolved_in: str | None = None
) -> Transition:
    """An issue without one observation; resolved if it was the last one and it isn't flapping."""
    remaining = _ended(issue, key, now)
    if remaining.firing or issue.state in (State.RESOLVED, State.IGNORED):
        return Transition(issue=remaining)
    if issue.flapping:
        text = f"stays open until it is quiet for {duration_text(issue.quiet_seconds)}"
        event = Event(at=now, who=who, what="cleared", text=text)
        return Transition(issue=remaining, events=(event,))
    return closed(remaining, now, who, text or f"{who} no longer reports it", resolved_in)


def unobserved(issue: Issue, key: str, now: float, who: str, version: str) -> Transition:
    """An issue whose observation ended with the last replica of a version: it stays open.

    The next version's first complete hour decides whether it is resolved (``not_in_next``).
    """
    remaining = _ended(issue, key, now)
    if remaining.firing or issue.state in (State.RESOLVED, State.IGNORED):
        return Transition(issue=remaining)
    text = f"not observed any more: the last replica of {version or 'its version'} ended"
    event = Event(at=now, who=who, what="unobserved", text=text, version=version)
    return Transition(issue=remaining.with_changes({"unobserved": True}), events=(event,))


def not_in_next(issue: Issue, now: float, who: str, version: str) -> Transition:
    """An unobserved issue after a complete hour of ``version`` without it."""
    return closed(issue, now, who, f"not seen in the first hour of {version}", version)


def _with_end(issue: Issue, key: str, starts_at: float) -> dict[str, float]:
    ended = {name: at for name, at in issue.ended.items() if name != key}
    if len(ended) == MAX_OBSERVATIONS:
        del ended[next(iter(ended))]
    return {**ended, key: starts_at}


def _ended(issue: Issue, key: str, now: float) -> Issue:
    active = dict(issue.active)
    observation = active.pop(key, None)
    ended = issue.ended if observation is None else _with_end(issue, key, observation.starts_at)
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


def may_go_quiet(issue: Issue) -> bool:
    """Whether time without a finding ends a flapping issue: its replicas still run."""
    return issue.state in {*ACTIVE, State.SNOOZED} and not issue.firing and not issue.unobserved


def after_time(issue: Issue, now: float) -> Transition:
    """An issue after time passed without a finding: the end of a snooze or of flapping."""
    reason = due_reason(issue, now)
    if reason is not None:
        if issue.firing:
            return woken(issue, now, reason)
        return closed(issue, now, SOURCE, f"{reason}, and no source reports it any more")
    quiet = issue.cleared_at is not None and now - issue.cleared_at >= issue.quiet_seconds
    if issue.flapping and quiet and may_go_quiet(issue):
        text = f"quiet for {duration_text(issue.quiet_seconds)}"
        return closed(issue.with_changes({"bounces": ()}), now, SOURCE, text)
    return Transition(issue=issue)
