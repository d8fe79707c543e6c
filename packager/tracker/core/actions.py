"""Actions of people on an issue: pure functions of issue, action and time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from packager.tracker.core.finding import StrictRecord
from packager.tracker.core.issue import Event, Ignored, Issue, Snooze, State, Transition, What
from packager.tracker.core.moments import Moment, format_moment
from packager.tracker.core.priority import moved_band
from packager.tracker.core.texts import Comment, Identity, Name, Text

PERSON = "person"
"""``Finding.source`` of an issue that a person added."""
MAX_LABELS = 50
MAX_PRIORITY = 100.0


class Acknowledge(StrictRecord):
    """Somebody looks into it."""

    action: Literal["acknowledge"] = "acknowledge"


class Reopen(StrictRecord):
    """Open it again, whatever state it has."""

    action: Literal["reopen"] = "reopen"


class Resolve(StrictRecord):
    """It is over, or fixed in a version."""

    action: Literal["resolve"] = "resolve"
    version: Identity | None = None
    """Findings of older versions do not open it again."""
    reason: Text = ""


class SnoozeFor(StrictRecord):
    """Not now: until a time, until the priority doubles, or until a newer version has it."""

    action: Literal["snooze"] = "snooze"
    until: Moment | None = None
    until_doubled: bool = False
    until_new_version: bool = False
    reason: Text = ""


class Ignore(StrictRecord):
    """Not worth doing, with the reason."""

    action: Literal["ignore"] = "ignore"
    reason: Annotated[Text, Field(min_length=1)]
    until: Moment | None = None


class Assign(StrictRecord):
    """Somebody owns it; an empty owner: nobody."""

    action: Literal["assign"] = "assign"
    owner: Text


class AddLabel(StrictRecord):
    """Add a label."""

    action: Literal["label"] = "label"
    label: Name


class RemoveLabel(StrictRecord):
    """Remove a label."""

    action: Literal["unlabel"] = "unlabel"
    label: Name


class Move(StrictRecord):
    """Move it one band up (-1) or down (1), with the reason that is shown; 0 undoes it."""

    action: Literal["move"] = "move"
    bands: Annotated[int, Field(ge=-1, le=1)]
    reason: Text = ""


class AddComment(StrictRecord):
    """A comment: plain text."""

    action: Literal["comment"] = "comment"
    text: Comment


Action = Annotated[
    Acknowledge
    | Reopen
    | Resolve
    | SnoozeFor
    | Ignore
    | Assign
    | AddLabel
    | RemoveLabel
    | Move
    | AddComment,
    Field(discriminator="action"),
]
ACTION: TypeAdapter[Action] = TypeAdapter(Action)


class ActionError(ValueError):
    """An action that the issue can't take; the text says why."""


def acted(issue: Issue, action: Action, who: str, now: float) -> Transition:
    """An issue after an action of a person; raises ``ActionError``.

    An action that changes nothing, such as a second acknowledgement, adds nothing to the history.
    """
    change = _acted(issue, action, who, now)
    if change.issue == issue and not _says_more(action):
        return Transition(issue=issue)
    return change


def _says_more(action: Action) -> bool:
    """Whether it has words that the issue does not keep."""
    return isinstance(action, AddComment) or bool(
        isinstance(action, Resolve | SnoozeFor) and action.reason
    )


def _acted(issue: Issue, action: Action, who: str, now: float) -> Transition:
    match action:
        case Acknowledge() if issue.state is State.RESOLVED:
            raise ActionError("expected an issue that is not resolved; reopen it first")
        case Acknowledge():
            return _to(issue, State.ACKNOWLEDGED, _event(who, now, "acknowledged"))
        case Reopen():
            return _to(issue, State.OPEN, _event(who, now, "reopened"))
        case Resolve():
            return _resolve(issue, action, who, now)
        case SnoozeFor():
            return _snooze(issue, action, who, now)
        case Ignore():
            return _ignore(issue, action, who, now)
        case AddComment():
            return Transition(issue=issue, events=(_event(who, now, "comment", action.text),))
        case _:
            return _described(issue, action, who, now)


def _described(
    issue: Issue, action: Assign | AddLabel | RemoveLabel | Move, who: str, now: float
) -> Transition:
    """Actions that leave the state as it is."""
    match action:
        case Assign():
            text = f"to {action.owner}" if action.owner else "to nobody"
            return _changed(issue, {"owner": action.owner}, _event(who, now, "assigned", text))
        case AddLabel():
            labels = tuple(sorted({*issue.labels, action.label}))
            if len(labels) > MAX_LABELS:
                raise ActionError(f"expected at most {MAX_LABELS} labels")
            event = _event(who, now, "labelled", action.label)
            return _changed(issue, {"labels": labels}, event)
        case RemoveLabel():
            labels = tuple(label for label in issue.labels if label != action.label)
            event = _event(who, now, "unlabelled", action.label)
            return _changed(issue, {"labels": labels}, event)
        case Move():
            return _move(issue, action, who, now)


def _resolve(issue: Issue, action: Resolve, who: str, now: float) -> Transition:
    fixed = f"fixed in {action.version}" if action.version else ""
    text = ": ".join(part for part in (fixed, action.reason) if part)
    others = {key: one for key, one in issue.active.items() if one.source != PERSON}
    changes: dict[str, object] = {
        "resolved_in": action.version,
        "closed_by": who,
        "flapping": False,
        "unobserved": False,
        "active": others,
        "cleared_at": issue.cleared_at if others or not issue.active else now,
    }
    event = _event(who, now, "resolved", text).model_copy(update={"version": action.version or ""})
    return _to(issue.with_changes(changes), State.RESOLVED, event)


def _snooze(issue: Issue, action: SnoozeFor, who: str, now: float) -> Transition:
    if action.until is None and not action.until_doubled and not action.until_new_version:
        raise ActionError("expected until, until_doubled or until_new_version")
    if action.until is not None and action.until <= now:
        raise ActionError(f"expected a time to come, got {format_moment(action.until)}")
    if issue.state is State.RESOLVED:
        raise ActionError("expected an issue that is not resolved")
    if action.until_new_version and not issue.version_last:
        raise ActionError("expected an issue of a version, got one without")
    snooze = Snooze(
        until=action.until,
        priority=min(2 * issue.priority, MAX_PRIORITY) if action.until_doubled else None,
        version=issue.version_last if action.until_new_version else None,
    )
    conditions = [
        *([f"until {format_moment(action.until)}"] if action.until is not None else []),
        *([f"until its priority is {snooze.priority:.4g}"] if snooze.priority is not None else []),
        *([f"until a version newer than {snooze.version}"] if action.until_new_version else []),
    ]
    text = ": ".join(part for part in (" or ".join(conditions), action.reason) if part)
    change = _to(issue, State.SNOOZED, _event(who, now, "snoozed", text))
    return Transition(issue=change.issue.with_changes({"snooze": snooze}), events=change.events)


def _ignore(issue: Issue, action: Ignore, who: str, now: float) -> Transition:
    if action.until is not None and action.until <= now:
        raise ActionError(f"expected a time to come, got {format_moment(action.until)}")
    until = "" if action.until is None else f" until {format_moment(action.until)}"
    change = _to(issue, State.IGNORED, _event(who, now, "ignored", f"{action.reason}{until}"))
    ignored = Ignored(reason=action.reason, until=action.until)
    return Transition(issue=change.issue.with_changes({"ignored": ignored}), events=change.events)


def _move(issue: Issue, action: Move, who: str, now: float) -> Transition:
    if action.bands and not action.reason:
        raise ActionError("expected a reason, which the page shows")
    band = moved_band(issue.numbers.rank.band, action.bands)
    text = f"to P{band}: {action.reason}" if action.bands else f"back to P{band}"
    changes = {"shift": action.bands, "shift_reason": action.reason if action.bands else ""}
    return _changed(issue, changes, _event(who, now, "moved", text))


def _to(issue: Issue, state: State, event: Event) -> Transition:
    """An issue in another state; the time of the state changes only if the state does."""
    changes: dict[str, object] = {"state": state, "snooze": None, "ignored": None}
    if issue.state is not state:
        changes["state_since"] = event.at
    if issue.state is State.RESOLVED and state is not State.RESOLVED:
        changes |= {"opened_at": event.at, "resolved_in": None, "closed_by": ""}
    return Transition(issue=issue.with_changes(changes), events=(event,))


def _changed(issue: Issue, changes: dict[str, object], event: Event) -> Transition:
    return Transition(issue=issue.with_changes(changes), events=(event,))


def _event(who: str, now: float, what: What, text: str = "") -> Event:
    return Event(at=now, who=who, what=what, text=text)
