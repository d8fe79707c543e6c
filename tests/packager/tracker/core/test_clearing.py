"""The table of states: how an issue ends in each of them."""

from __future__ import annotations

import pytest
from tracked import DAY, HOUR, T0, finding, issue

from packager.tracker.core.actions import Acknowledge, Ignore, Resolve, SnoozeFor, acted
from packager.tracker.core.clearing import (
    after_time,
    cleared,
    closed,
    not_in_next,
    unobserved,
    without_observation,
)
from packager.tracker.core.issue import Issue, State, Transition
from packager.tracker.core.states import observed
from packager.tracker.core.versions import Versions

A1, B2 = "alertmanager/a1", "alertmanager/b2"
VERSIONS = Versions(["1", "2"])


def over(before: Issue, now: float, **changes: object) -> Transition:
    return cleared(before, finding(firing=False, **changes), now)


def acknowledged() -> Issue:
    return acted(issue(), Acknowledge(), "Ann", T0 + 60).issue


def snoozed(**conditions: object) -> Issue:
    action = SnoozeFor.model_validate({"until": T0 + DAY, **conditions})
    return acted(issue(), action, "Ann", T0 + 60).issue


def ignored(until: float | None = None) -> Issue:
    return acted(issue(), Ignore(reason="known", until=until), "Ann", T0 + 60).issue


@pytest.mark.parametrize("before", [issue(), acknowledged(), snoozed()])
def test_the_end_at_its_source_resolves_it(before: Issue) -> None:
    change = over(before, T0 + HOUR)
    after = change.issue
    assert (after.state, after.state_since, after.closed_by) == (
        State.RESOLVED,
        T0 + HOUR,
        "source",
    )
    assert (after.firing, after.cleared_at, after.snooze) == (False, T0 + HOUR, None)
    (event,) = change.events
    assert (event.what, event.who) == ("resolved", "alertmanager")
    assert event.text == "alertmanager no longer reports it"


def test_the_end_of_an_ignored_issue_is_noted_and_changes_nothing() -> None:
    change = over(ignored(), T0 + HOUR)
    assert (change.issue.state, change.events) == (State.IGNORED, ())
    assert change.issue.firing is False


def test_the_end_of_a_resolved_issue_keeps_who_resolved_it() -> None:
    before = acted(issue(), Resolve(reason="done"), "Ann", T0 + 60).issue
    change = over(before, T0 + HOUR)
    assert (change.issue.state, change.issue.closed_by) == (State.RESOLVED, "Ann")
    assert (change.issue.state_since, change.events) == (T0 + 60, ())
    assert change.issue.firing is False


def test_it_is_over_when_every_observation_is() -> None:
    both = observed(issue(), finding(key="b2", version="2"), T0 + 60, VERSIONS).issue
    one = over(both, T0 + 90)
    assert (one.issue.state, one.issue.cleared_at, one.events) == (State.OPEN, None, ())
    assert over(one.issue, T0 + 120, key="b2").issue.state is State.RESOLVED


def test_a_late_end_of_an_earlier_episode_changes_nothing() -> None:
    before = issue(starts_at=T0 + 500)
    assert over(before, T0 + 600) == Transition(issue=before)


def test_an_end_that_overtook_its_beginning_makes_that_a_late_message() -> None:
    other = issue(key="b2")
    after = over(other, T0 + 60, starts_at=T0 + 30).issue
    assert after.state is State.OPEN
    late = observed(after, finding(starts_at=T0 + 30), T0 + 90, VERSIONS).issue
    assert set(late.active) == {B2}


def test_the_end_of_an_episode_whose_beginning_was_lost_ends_the_earlier_one() -> None:
    after = over(issue(), T0 + HOUR, starts_at=T0 + 600).issue
    assert after.state is State.RESOLVED
    late = observed(after, finding(starts_at=T0 + 600), T0 + HOUR + 60, VERSIONS).issue
    assert late.state is State.RESOLVED


def test_known_ends_are_bounded() -> None:
    found = issue(key="kept")
    for number in range(300):
        found = over(found, T0 + number, key=f"k{number}", starts_at=T0 + number).issue
    assert len(found.ended) == 200
    assert "alertmanager/k299" in found.ended


def test_a_text_and_a_version_of_a_scan_are_kept() -> None:
    change = without_observation(issue(), A1, T0 + 60, "data check", "no longer finds it", "2")
    assert change.issue.resolved_in == "2"
    assert (change.events[0].text, change.events[0].version) == ("no longer finds it", "2")


def test_a_proof_ends_every_observation() -> None:
    both = observed(issue(), finding(key="b2"), T0 + 60, VERSIONS).issue
    after = closed(both, T0 + 90, "test", "PSI 0.02", "2").issue
    assert (after.active, set(after.ended)) == ({}, {A1, B2})
    assert (after.state, after.resolved_in) == (State.RESOLVED, "2")


def test_the_last_replica_of_a_version_ends_no_issue() -> None:
    change = unobserved(issue(), A1, T0 + HOUR, "alertmanager", "1")
    after = change.issue
    assert (after.state, after.unobserved, after.firing) == (State.OPEN, True, False)
    text = "not observed any more: the last replica of 1 ended"
    assert (change.events[0].what, change.events[0].text) == ("unobserved", text)


def test_the_next_version_decides_what_is_not_observed() -> None:
    waiting = unobserved(issue(), A1, T0 + HOUR, "alertmanager", "1").issue
    again = observed(waiting, finding(key="b2", version="2"), T0 + 2 * HOUR, VERSIONS)
    assert (again.issue.unobserved, again.issue.state, again.events) == (False, State.OPEN, ())
    gone = not_in_next(waiting, T0 + 2 * HOUR, "alertmanager", "2")
    assert (gone.issue.state, gone.issue.resolved_in) == (State.RESOLVED, "2")
    assert gone.events[0].text == "not seen in the first hour of 2"


@pytest.mark.parametrize("before", [ignored(), acted(issue(), Resolve(), "Ann", T0).issue])
def test_ignored_and_resolved_issues_are_not_said_to_be_unobserved(before: Issue) -> None:
    change = unobserved(before, A1, T0 + HOUR, "alertmanager", "1")
    assert (change.issue.state, change.issue.unobserved) == (before.state, False)
    assert change.events == ()


def test_another_observation_keeps_it_observed() -> None:
    both = observed(issue(), finding(key="b2", version="2"), T0 + 60, VERSIONS).issue
    change = unobserved(both, A1, T0 + HOUR, "alertmanager", "1")
    assert (change.issue.unobserved, change.events) == (False, ())


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (snoozed(), "its time of snoozing is over"),
        (ignored(T0 + DAY), "the time to ignore it is over"),
    ],
)
def test_the_end_of_a_time_opens_what_goes_on_and_resolves_what_is_over(
    before: Issue, reason: str
) -> None:
    assert after_time(before, T0 + DAY - 1).events == ()
    awake = after_time(before, T0 + DAY)
    assert (awake.issue.state, awake.events[0].text) == (State.OPEN, reason)
    ended = before.with_changes({"active": {}})
    end = after_time(ended, T0 + DAY)
    assert end.issue.state is State.RESOLVED
    assert end.events[0].text == f"{reason}, and no source reports it any more"


def test_a_snoozed_flapping_issue_ends_when_it_is_quiet() -> None:
    flapping = snoozed(until=None, until_doubled=True).with_changes({"flapping": True})
    quiet = over(flapping, T0 + HOUR).issue
    assert quiet.state is State.SNOOZED
    assert after_time(quiet, T0 + 2 * HOUR).issue.state is State.RESOLVED


def test_quiet_without_replicas_proves_nothing() -> None:
    flapping = issue({"flapping": True})
    waiting = unobserved(flapping, A1, T0 + 60, "alertmanager", "1").issue
    assert after_time(waiting, T0 + DAY).issue.state is State.OPEN
