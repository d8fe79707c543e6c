"""The state of an issue, in words."""

from __future__ import annotations

from packager.tracker.core.issue import SOURCE, Issue, State
from packager.tracker.core.priority import formatted
from packager.tracker.service.pages.formatting import clock, duration


def state_words(issue: Issue, now: float) -> str:
    """``open for 3 h``, ``snoozed until …``, ``resolved by ada 2 h ago, fixed in 1.3.0``."""
    since = duration(now - issue.state_since)
    if issue.state is State.SNOOZED and issue.snooze is not None:
        conditions = [
            *([f"until {clock(issue.snooze.until)}"] if issue.snooze.until is not None else []),
            *(
                [f"until its priority is {formatted(issue.snooze.priority)}"]
                if issue.snooze.priority is not None
                else []
            ),
            *(
                [f"until a version newer than {issue.snooze.version or 'now'} has it"]
                if issue.snooze.version is not None
                else []
            ),
        ]
        return f"snoozed {' or '.join(conditions)}"
    if issue.state is State.IGNORED and issue.ignored is not None:
        until = "" if issue.ignored.until is None else f" until {clock(issue.ignored.until)}"
        return f"ignored{until}: {issue.ignored.reason}"
    if issue.state is State.RESOLVED:
        by = "" if issue.closed_by in ("", SOURCE) else f" by {issue.closed_by}"
        fixed = f", fixed in {issue.resolved_in}" if issue.resolved_in else ""
        waiting = "; a source still observes it" if issue.firing else ""
        return f"resolved{by} {since} ago{fixed}{waiting}"
    seen = "" if issue.firing else "; no source observes it now"
    return f"{issue.state} for {since}{seen}"
