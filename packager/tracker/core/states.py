"""Changes of an issue by a finding that fires: pure functions of issue, finding and time.

``clearing.py`` has the other direction, ``flapping.py`` what comes and goes. The
table of states is in docs/issues.md, "States".
"""

from __future__ import annotations

from packager.tracker.core.finding import MAX_LINKS, PACKAGE_SUBJECT, Finding
from packager.tracker.core.issue import (
    MAX_OBSERVATIONS,
    SOURCE,
    Event,
    Issue,
    State,
    Transition,
    What,
    observation_of,
    worst,
)
from packager.tracker.core.moments import DAY, format_moment
from packager.tracker.core.versions import Versions

GRACE_SECONDS = DAY
"""Time for which a finding that goes on does not open an issue that a person closed."""


def opened(finding: Finding, now: float, scope: str = "") -> Transition:
    """A new issue."""
    seen = observation_of(finding, scope)
    about = finding.package if finding.subject == PACKAGE_SUBJECT else finding.subject
    issue = Issue(
        fingerprint=finding.fingerprint,
        package=finding.package,
        kind=finding.kind,
        subject=finding.subject,
        title=finding.title or f"{finding.kind}: {about}",
        summary=finding.summary,
        action=finding.action,
        source=finding.source,
        state_since=now,
        numbers=seen,
        active={finding.observation: seen},
        first_seen=now,
        last_seen=now,
        opened_at=now,
        version_first=finding.version,
        version_last=finding.version,
        links=finding.links,
    )
    return Transition(issue=issue, events=(_event("opened", finding, now, finding.summary),))


def observed(
    issue: Issue,
    finding: Finding,
    now: float,
    versions: Versions,
    *,
    certain: bool = False,
    scope: str = "",
) -> Transition:
    """An issue after a finding that fires.

    ``certain``: the finding is part of the source's full list, so it is no late message, and an
    issue that the source closed by mistake opens again.
    """
    only_seen = Transition(issue=issue.with_changes({"last_seen": now}))
    fixed = issue.resolved_in
    if issue.state is State.RESOLVED and fixed and not versions.has_fix(finding.version, fixed):
        return only_seen
    if not certain and _is_late(issue, finding, now):
        return only_seen
    seen = with_observation(issue, finding, now, versions, scope)
    if issue.state is State.RESOLVED:
        return _after_resolution(issue, seen, finding, now)
    change = _awake(seen, finding, now, versions)
    if seen.muted == issue.muted:
        return change
    text = seen.muted or "its source notifies people again"
    event = _event("changed", finding, now, text)
    return Transition(issue=change.issue, events=(event, *change.events))


def _is_late(issue: Issue, finding: Finding, now: float) -> bool:
    """Whether it is a message about an episode that is known to be over.

    A message that repeats itself a day after its end is none: its source has the alert again.
    """
    before, over = issue.active.get(finding.observation), issue.ended.get(finding.observation)
    if before is not None:
        return finding.starts_at < before.starts_at
    if over is None or finding.starts_at > over:
        return False
    return issue.state is not State.RESOLVED or now - issue.state_since < GRACE_SECONDS


def _is_repeat(issue: Issue, finding: Finding) -> bool:
    """Whether the episode that the finding is part of is known."""
    before = issue.active.get(finding.observation)
    known = issue.ended.get(finding.observation) if before is None else before.starts_at
    return known is not None and finding.starts_at <= known


def with_observation(
    issue: Issue, finding: Finding, now: float, versions: Versions, scope: str = ""
) -> Issue:
    """The issue with what the finding reports; owner, labels and comments stay as they are."""
    before = issue.active.get(finding.observation)
    active = {**issue.active, finding.observation: observation_of(finding, scope, before)}
    if len(active) > MAX_OBSERVATIONS:
        del active[min(active, key=lambda key: (active[key].starts_at, key))]
    changes: dict[str, object] = {
        "active": active,
        "numbers": worst(active.values(), issue.numbers),
        "last_seen": now,
        "cleared_at": None,
        "version_last": versions.newest(finding.version, issue.version_last),
        "unobserved": False,
        "links": _newest({**issue.links, **finding.links}),
    }
    texts = {"title": finding.title, "summary": finding.summary, "action": finding.action}
    changes.update({name: text for name, text in texts.items() if text})
    return issue.with_changes(changes)


def _newest(links: dict[str, str]) -> dict[str, str]:
    """The links that came last."""
    return dict(list(links.items())[-MAX_LINKS:])


def _after_resolution(issue: Issue, seen: Issue, finding: Finding, now: float) -> Transition:
    if not _is_repeat(issue, finding):
        return _regressed(seen, finding, now)
    if issue.closed_by == SOURCE:
        return _reopened(seen, finding, now, "reopened", f"{finding.source} still reports it")
    if now - issue.state_since < GRACE_SECONDS:
        return Transition(issue=seen)
    text = f"still observed a day after {issue.closed_by} resolved it"
    return _reopened(seen, finding, now, "reopened", text)


def _regressed(seen: Issue, finding: Finding, now: float) -> Transition:
    text = f"observed again; it was resolved since {format_moment(seen.state_since)}"
    counted = seen.with_changes({"regressions": seen.regressions + 1})
    return _reopened(counted, finding, now, "regressed", text)


def _reopened(seen: Issue, finding: Finding, now: float, what: What, text: str) -> Transition:
    reset = {
        "state": State.OPEN,
        "state_since": now,
        "opened_at": now,
        "resolved_in": None,
        "closed_by": "",
    }
    return Transition(issue=seen.with_changes(reset), events=(_event(what, finding, now, text),))


def _awake(issue: Issue, finding: Finding, now: float, versions: Versions) -> Transition:
    """The issue, open if it was snoozed or ignored and a condition to wake holds."""
    reason = (
        due_reason(issue, now)
        or doubled_reason(issue)
        or _version_reason(issue, finding.version, versions)
    )
    return Transition(issue=issue) if reason is None else woken(issue, now, reason)


def doubled_reason(issue: Issue) -> str | None:
    """Why a snoozed issue has to open at its priority; None if it hasn't."""
    least = issue.snooze.priority if issue.snooze is not None else None
    if least is None or issue.priority < least:
        return None
    return f"its priority reached {least:.4g}, twice that when it was snoozed"


def _version_reason(issue: Issue, version: str, versions: Versions) -> str | None:
    than = issue.snooze.version if issue.snooze is not None else None
    if than is None or not versions.is_newer(version, than):
        return None
    return f"observed with {version}, which is newer than {than}"


def due_reason(issue: Issue, now: float) -> str | None:
    """Why a snoozed or ignored issue has to open at this time; None if it hasn't."""
    if issue.snooze is not None and issue.snooze.until is not None and now >= issue.snooze.until:
        return "its time of snoozing is over"
    if issue.ignored is not None and issue.ignored.until is not None and now >= issue.ignored.until:
        return "the time to ignore it is over"
    return None


def woken(issue: Issue, now: float, reason: str) -> Transition:
    """A snoozed or ignored issue that opens again."""
    reset = {"state": State.OPEN, "state_since": now, "snooze": None, "ignored": None}
    event = Event(at=now, who=SOURCE, what="woke", text=reason)
    return Transition(issue=issue.with_changes(reset), events=(event,))


def _event(what: What, finding: Finding, now: float, text: str) -> Event:
    return Event(at=now, who=finding.source, what=what, text=text, version=finding.version)
