"""The table of states: what a finding that fires does to an issue in each of them."""

from __future__ import annotations

import pytest
from tracked import DAY, HOUR, T0, finding, issue

from packager.tracker.core.actions import (
    Acknowledge,
    Ignore,
    Resolve,
    SnoozeFor,
    acted,
)
from packager.tracker.core.clearing import cleared
from packager.tracker.core.issue import Issue, State, Transition
from packager.tracker.core.states import due_reason, observed, opened
from packager.tracker.core.versions import Versions

VERSIONS = Versions(["1", "2", "3"])


def fired(before: Issue, now: float, certain: bool = False, **changes: object) -> Transition:
    return observed(before, finding(**changes), now, VERSIONS, certain=certain)


def over(before: Issue, now: float, **changes: object) -> Issue:
    return cleared(before, finding(firing=False, **changes), now).issue


def acknowledged() -> Issue:
    return acted(issue(), Acknowledge(), "Ann", T0 + 60).issue


def snoozed(**conditions: object) -> Issue:
    action = SnoozeFor.model_validate({"until": T0 + DAY, **conditions})
    return acted(issue(share=0.2), action, "Ann", T0 + 60).issue


def ignored() -> Issue:
    return acted(issue(), Ignore(reason="known"), "Ann", T0 + 60).issue


def resolved_by_ann(version: str | None = None) -> Issue:
    return acted(issue(), Resolve(version=version), "Ann", T0 + 60).issue


def what(change: Transition) -> list[str]:
    return [event.what for event in change.events]


def test_a_first_finding_opens_an_issue() -> None:
    change = opened(finding(summary="carat has drifted", share=0.22), T0 + 5, "people.csv")
    found = change.issue
    assert (found.state, found.opened_at, found.firing) == (State.OPEN, T0 + 5, True)
    assert (found.version_first, found.version_last) == ("1", "1")
    assert found.title == "FeatureDrift: feature=carat"
    assert found.active["alertmanager/a1"].scope == "people.csv"
    (event,) = change.events
    assert (event.what, event.who, event.text) == ("opened", "alertmanager", "carat has drifted")


def test_the_title_of_the_whole_package_names_the_package() -> None:
    assert issue(subject="package", kind="NoRequests").title == "NoRequests: shop"


# Open and acknowledged.


@pytest.mark.parametrize("before", [issue(), acknowledged()])
@pytest.mark.parametrize("starts_at", [T0, T0 + 500])
def test_a_finding_updates_what_is_open_and_no_state(before: Issue, starts_at: float) -> None:
    change = fired(before, T0 + 600, starts_at=starts_at, share=0.3, summary="more")
    assert change.issue.state is before.state
    assert change.issue.state_since == before.state_since
    assert change.issue.last_seen == T0 + 600
    assert change.issue.numbers.share == 0.3
    assert change.issue.summary == "more"
    assert change.events == ()


def test_a_finding_touches_neither_owner_nor_labels_nor_a_moved_band() -> None:
    kept = {"owner": "Ann", "labels": ("mine",), "shift": 1, "shift_reason": "small"}
    after = fired(issue(kept), T0 + 60, starts_at=T0 + 30).issue
    assert {name: getattr(after, name) for name in kept} == kept


def test_a_finding_without_a_share_keeps_the_measured_numbers() -> None:
    measured = fired(issue(), T0 + 60, share=0.22, certainty=0.7, evidence="asked").issue
    after = fired(measured, T0 + 120).issue
    assert (after.numbers.share, after.numbers.certainty) == (0.22, 0.7)
    assert after.numbers.evidence == "asked"


def test_a_late_message_of_an_earlier_episode_only_moves_last_seen() -> None:
    before = issue(starts_at=T0 + 500)
    change = fired(before, T0 + 600, summary="late")
    assert change.issue == before.with_changes({"last_seen": T0 + 600})


def test_a_full_list_may_say_that_it_began_earlier() -> None:
    after = fired(issue(starts_at=T0 + 500), T0 + 600, certain=True).issue
    assert after.active["alertmanager/a1"].starts_at == T0


def test_the_numbers_are_those_of_the_worst_observation() -> None:
    two = fired(issue(share=0.1), T0 + 60, key="b2", version="2", share=0.4).issue
    assert (len(two.active), two.numbers.share, two.version_last) == (2, 0.4, "2")
    assert over(two, T0 + 90, key="b2", version="2").numbers.share == 0.1


def test_an_older_version_that_is_seen_again_does_not_become_the_last_one() -> None:
    after = fired(issue(version="2"), T0 + 60, key="b2", version="1").issue
    assert after.version_last == "2"


def test_two_severities_of_one_kind_are_one_issue_with_the_band_of_the_page() -> None:
    two = fired(issue(share=0.001), T0 + 60, key="b2", severity="page", share=0.001).issue
    assert two.band == 1
    assert over(two, T0 + 90, key="b2").band == 4


@pytest.mark.slow
def test_observations_of_one_issue_are_bounded() -> None:
    many = issue()
    for number in range(300):
        many = fired(many, T0 + number, key=f"k{number}", starts_at=T0 + number).issue
    assert len(many.active) == 200
    assert "alertmanager/k299" in many.active


def test_it_is_muted_only_if_every_observation_is() -> None:
    text = "silenced in Alertmanager until 2026-11-29T10:00:00Z"
    change = fired(issue(), T0 + 60, muted=text)
    assert change.issue.muted == text
    assert [(one.what, one.text) for one in change.events] == [("changed", text)]
    both = fired(change.issue, T0 + 90, key="b2")
    assert both.issue.muted == ""
    assert both.events[0].text == "its source notifies people again"


# Snoozed.


@pytest.mark.parametrize("starts_at", [T0, T0 + 500])
def test_a_snoozed_issue_is_updated_and_stays_snoozed(starts_at: float) -> None:
    change = fired(snoozed(), T0 + 600, starts_at=starts_at, share=0.3)
    assert (change.issue.state, change.events) == (State.SNOOZED, ())
    assert (change.issue.numbers.share, change.issue.last_seen) == (0.3, T0 + 600)


def test_a_snoozed_issue_wakes_at_its_time() -> None:
    change = fired(snoozed(), T0 + DAY)
    assert (change.issue.state, change.issue.snooze) == (State.OPEN, None)
    assert change.events[0].text == "its time of snoozing is over"


def test_a_snoozed_issue_wakes_when_its_priority_doubles() -> None:
    before = snoozed(until=None, until_doubled=True)
    assert fired(before, T0 + 90, share=0.39).issue.state is State.SNOOZED
    change = fired(before, T0 + 90, share=0.4)
    assert change.issue.state is State.OPEN
    text = "its priority reached 24, twice that when it was snoozed"
    assert (change.events[0].what, change.events[0].text) == ("woke", text)


def test_a_snoozed_issue_wakes_on_a_newer_version_only() -> None:
    before = snoozed(until=None, until_new_version=True)
    assert fired(before, T0 + 90, key="b").issue.state is State.SNOOZED
    change = fired(before, T0 + 90, key="b", version="2")
    assert change.events[0].text == "observed with 2, which is newer than 1"


# Resolved.


def test_a_new_episode_opens_a_resolved_issue_as_regressed() -> None:
    change = fired(over(issue(), T0 + HOUR), T0 + 3 * HOUR, starts_at=T0 + 2 * HOUR)
    after = change.issue
    assert (after.state, after.regressions, after.opened_at) == (State.OPEN, 1, T0 + 3 * HOUR)
    assert what(change) == ["regressed"]
    text = "observed again; it was resolved since 2025-11-24T17:00:00Z"
    assert change.events[0].text == text


def test_another_version_opens_a_resolved_issue_as_regressed() -> None:
    change = fired(over(issue(), T0 + 60), T0 + DAY, key="b2", version="2", starts_at=T0 + DAY)
    assert (what(change), change.issue.regressions) == (["regressed"], 1)


@pytest.mark.parametrize("hours", [1, 23.9])
@pytest.mark.parametrize("certain", [False, True])
def test_what_a_person_resolved_may_go_on_for_a_day(hours: float, certain: bool) -> None:
    change = fired(resolved_by_ann(), T0 + 60 + hours * HOUR, certain=certain)
    assert (change.issue.state, change.events) == (State.RESOLVED, ())


def test_what_goes_on_for_a_day_after_a_person_resolved_it_opens() -> None:
    change = fired(resolved_by_ann(), T0 + 60 + DAY)
    assert (change.issue.state, what(change)) == (State.OPEN, ["reopened"])
    assert change.events[0].text == "still observed a day after Ann resolved it"
    assert change.issue.regressions == 0


def test_a_new_episode_opens_at_once_what_a_person_resolved() -> None:
    change = fired(resolved_by_ann(), T0 + HOUR, starts_at=T0 + HOUR)
    assert what(change) == ["regressed"]


def test_a_late_message_opens_nothing_that_its_source_ended() -> None:
    change = fired(over(issue(), T0 + 60), T0 + 120)
    assert (change.issue.state, change.events) == (State.RESOLVED, ())


def test_a_message_that_repeats_a_day_after_its_end_is_no_late_one() -> None:
    change = fired(over(issue(), T0 + 60), T0 + 60 + DAY)
    assert (change.issue.state, what(change)) == (State.OPEN, ["reopened"])
    assert change.events[0].text == "alertmanager still reports it"


def test_a_full_list_opens_what_was_closed_by_mistake() -> None:
    change = fired(over(issue(), T0 + 60), T0 + 120, certain=True)
    assert (change.issue.state, change.issue.regressions) == (State.OPEN, 0)
    assert change.events[0].text == "alertmanager still reports it"


# Fixed in a version.


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("1", State.RESOLVED),
        ("2", State.OPEN),
        ("3", State.OPEN),
        ("never seen", State.OPEN),
        ("", State.OPEN),
    ],
)
@pytest.mark.parametrize("certain", [False, True])
def test_fixed_in_2_opens_on_2_and_what_was_first_seen_after_it(
    version: str, state: State, certain: bool
) -> None:
    before = resolved_by_ann("2")
    change = fired(before, T0 + 2 * DAY, certain, version=version, key="x", starts_at=T0 + DAY)
    assert change.issue.state is state
    assert change.issue.last_seen == T0 + 2 * DAY
    if state is State.OPEN:
        assert change.issue.resolved_in is None


# Ignored.


@pytest.mark.parametrize("starts_at", [T0, T0 + 500])
def test_an_ignored_issue_is_updated_and_stays_ignored(starts_at: float) -> None:
    change = fired(ignored(), T0 + 600, starts_at=starts_at, severity="page")
    assert (change.issue.state, change.events) == (State.IGNORED, ())
    assert (change.issue.numbers.severity, change.issue.last_seen) == ("page", T0 + 600)


def test_an_ignored_issue_wakes_at_its_time() -> None:
    before = acted(issue(), Ignore(reason="known", until=T0 + DAY), "Ann", T0 + 60).issue
    assert due_reason(before, T0 + DAY - 1) is None
    change = fired(before, T0 + DAY)
    assert change.issue.state is State.OPEN
    assert change.events[0].text == "the time to ignore it is over"
