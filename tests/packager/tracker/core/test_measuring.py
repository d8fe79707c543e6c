"""Numbers that Prometheus measures, on the observation that they are about."""

from __future__ import annotations

from tracked import DAY, T0, finding, issue

from packager.tracker.core.actions import SnoozeFor, acted
from packager.tracker.core.issue import State
from packager.tracker.core.measuring import measured
from packager.tracker.core.states import observed
from packager.tracker.core.versions import Versions

CARAT = "alertmanager/a1"


def test_the_numbers_and_what_they_are_from() -> None:
    change = measured(issue(), CARAT, 0.22, 0.7, T0)
    assert (change.issue.numbers.share, change.issue.numbers.certainty) == (0.22, 0.7)
    assert change.issue.numbers.evidence == "Prometheus answers: share 0.22, certainty 0.7."
    assert change.events == ()


def test_what_is_not_answered_stays() -> None:
    before = measured(issue(), CARAT, 0.22, 0.7, T0).issue
    assert measured(before, CARAT, None, None, T0).issue == before
    half = measured(before, CARAT, 0.3, None, T0).issue.numbers
    assert (half.share, half.certainty) == (0.3, 0.7)
    text = "Prometheus answers: share 0.3. It has no answer about the certainty."
    assert half.evidence == text


def test_an_observation_that_is_over_is_left_alone() -> None:
    assert measured(issue(), "alertmanager/gone", 0.22, 0.7, T0).issue == issue()


def test_the_worst_observation_leads() -> None:
    versions = Versions(["1", "2"])
    both = observed(issue(share=0.1), finding(key="b2", share=0.2), T0, versions).issue
    assert measured(both, CARAT, 0.5, 1.0, T0).issue.numbers.share == 0.5
    assert measured(both, CARAT, 0.01, 1.0, T0).issue.numbers.share == 0.2


def test_a_doubled_priority_wakes_a_snoozed_issue() -> None:
    before = issue(share=0.1)
    asleep = acted(before, SnoozeFor(until=T0 + DAY, until_doubled=True), "Ann", T0).issue
    assert measured(asleep, CARAT, 0.19, 1.0, T0).issue.state is State.SNOOZED
    change = measured(asleep, CARAT, 0.2, 1.0, T0)
    assert (change.issue.state, change.events[0].what) == (State.OPEN, "woke")
