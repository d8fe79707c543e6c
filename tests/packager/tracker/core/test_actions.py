from __future__ import annotations

import pytest
from issue_samples import NOW, finding

from packager.tracker.core.actions import (
    MAX_LABELS,
    Acknowledge,
    Action,
    ActionError,
    AddComment,
    AddLabel,
    Assign,
    Ignore,
    Move,
    RemoveLabel,
    Reopen,
    Resolve,
    SnoozeFor,
    acted,
)
from packager.tracker.core.issue import Transition
from packager.tracker.core.states import opened

ISSUE = opened(finding(), NOW).issue


@pytest.mark.parametrize(
    ("action", "state", "what"),
    [
        (Acknowledge(), "acknowledged", "acknowledged"),
        (Resolve(version="2"), "resolved", "resolved"),
        (SnoozeFor(until_doubled=True), "snoozed", "snoozed"),
        (Ignore(reason="known"), "ignored", "ignored"),
        (Assign(owner="bo"), "open", "assigned"),
        (AddLabel(label="x"), "open", "labelled"),
        (AddComment(text="x"), "open", "comment"),
        (Move(bands=-1, reason="x"), "open", "moved"),
    ],
)
def test_each_action_is_one_event_of_who_did_it(action: Action, state: str, what: str) -> None:
    change = acted(ISSUE, action, "ana", NOW + 1)
    [event] = change.events
    assert (change.issue.state, event.what, event.who, event.at) == (state, what, "ana", NOW + 1)
    moved = change.issue.state_since != ISSUE.state_since
    assert moved == (change.issue.state != ISSUE.state)


EQUAL = (
    Acknowledge(),
    Reopen(),
    Resolve(version="2"),
    SnoozeFor(until=NOW + 100, until_doubled=True),
    Ignore(reason="known"),
    Assign(owner="bo"),
    AddLabel(label="x"),
    Move(bands=-1, reason="x"),
)


@pytest.mark.parametrize("action", EQUAL)
def test_the_same_action_again_adds_nothing_to_the_history(action: Action) -> None:
    before = acted(ISSUE, Acknowledge(), "ana", NOW).issue if action == Reopen() else ISSUE
    change = acted(before, action, "ana", NOW + 1)
    assert len(change.events) == 1
    again = acted(change.issue, action, "ana", NOW + 2)
    assert again == Transition(issue=change.issue)


def test_a_label_that_is_not_there_and_a_band_that_is_not_moved_change_nothing() -> None:
    for action in (RemoveLabel(label="x"), Move(bands=0), Assign(owner="")):
        assert acted(ISSUE, action, "ana", NOW) == Transition(issue=ISSUE)


def test_comments_and_new_reasons_are_kept_every_time() -> None:
    issue = acted(ISSUE, Resolve(), "ana", NOW).issue
    assert len(acted(issue, Resolve(reason="units"), "ana", NOW + 1).events) == 1
    for _ in range(2):
        assert len(acted(issue, AddComment(text="x"), "ana", NOW).events) == 1


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (SnoozeFor(), "expected until, until_doubled or until_new_version"),
        (SnoozeFor(until=NOW), "expected a time to come"),
        (Ignore(reason="x", until=NOW), "expected a time to come"),
        (Move(bands=1), "expected a reason, which the page shows"),
        (AddLabel(label="new"), f"expected at most {MAX_LABELS} labels"),
    ],
)
def test_actions_that_an_issue_cannot_take(action: Action, message: str) -> None:
    full = ISSUE.with_changes({"labels": tuple(f"l{number}" for number in range(MAX_LABELS))})
    with pytest.raises(ActionError, match=message):
        acted(full, action, "ana", NOW)
