"""Issues that begin again soon after their end, on the scale of the rules."""

from __future__ import annotations

import pytest
from tracked import DAY, HOUR, MINUTE, T0, finding, issue

from packager.tracker.core.clearing import after_time, cleared
from packager.tracker.core.flapping import duration_text, with_bounce
from packager.tracker.core.issue import Issue, State, Transition
from packager.tracker.core.states import observed
from packager.tracker.core.versions import Versions

VERSIONS = Versions(["1", "2", "3"])


def fired(before: Issue, now: float, scale: int = 1) -> Transition:
    """A new episode that begins ``now``."""
    begun = finding(starts_at=now)
    return with_bounce(before, observed(before, begun, now, VERSIONS), begun, now, scale)


def over(before: Issue, now: float, starts_at: float) -> Transition:
    return cleared(before, finding(firing=False, starts_at=starts_at), now)


def what(change: Transition) -> list[str]:
    return [event.what for event in change.events]


def bouncing(times: int, pause: float, scale: int = 1) -> tuple[Issue, float]:
    """An issue that ended and began again, ``times`` times, after ``pause``."""
    found, now = issue(), T0
    for _ in range(times):
        now += 10
        found = over(found, now, now).issue
        now += pause
        found = fired(found, now, scale).issue
    return found, now


@pytest.mark.parametrize(
    ("times", "pause", "flapping"),
    [(2, MINUTE, False), (3, MINUTE, True), (3, 15 * MINUTE, True), (9, 16 * MINUTE, False)],
)
def test_three_bounces_within_fifteen_minutes_each_make_it_flap(
    times: int, pause: float, flapping: bool
) -> None:
    found, _ = bouncing(times, pause)
    assert (found.flapping, found.regressions) == (flapping, times)


@pytest.mark.parametrize(("pause", "flapping"), [(15, True), (16, False), (3 * MINUTE, False)])
def test_the_times_of_a_shorter_scale_are_shorter(pause: float, flapping: bool) -> None:
    """Faults of a drill minutes apart, on a scale of 60, are hours apart on that of the rules."""
    found, now = bouncing(3, pause, 60)
    assert (found.flapping, found.regressions) == (flapping, 3)
    ended = over(found, now + 10, now)
    if not flapping:
        assert ended.issue.state is State.RESOLVED
        return
    assert ended.events[0].text == "stays open until it is quiet for 1 minute"
    assert after_time(ended.issue, now + 10 + 59).events == ()
    assert after_time(ended.issue, now + 10 + 60).issue.state is State.RESOLVED


def test_the_third_bounce_is_said() -> None:
    found, now = bouncing(2, MINUTE)
    again = fired(over(found, now, now).issue, now + 60)
    assert what(again) == ["regressed", "flapping"]
    assert again.events[1].text == "began again 3 times within 15 minutes of its end"


def test_a_flapping_issue_stays_open_until_it_is_quiet_for_an_hour() -> None:
    found, now = bouncing(3, MINUTE)
    change = over(found, now, now)
    assert (change.issue.state, what(change)) == (State.OPEN, ["cleared"])
    assert change.events[0].text == "stays open until it is quiet for 1 hour"
    again = fired(change.issue, now + MINUTE).issue
    assert (again.state, again.regressions) == (State.OPEN, 3)
    quiet = over(again, now + 2 * MINUTE, now + MINUTE).issue
    assert after_time(quiet, now + 2 * MINUTE + HOUR - 1).events == ()
    end = after_time(quiet, now + 2 * MINUTE + HOUR)
    assert (end.issue.state, end.issue.flapping, end.issue.bounces) == (State.RESOLVED, False, ())
    assert end.events[0].text == "quiet for 1 hour"


def test_bounces_of_yesterday_do_not_count() -> None:
    found, now = bouncing(2, MINUTE)
    later = now + DAY + MINUTE
    found = over(found, later, later).issue
    found = fired(found, later + 60).issue
    assert (found.flapping, len(found.bounces)) == (False, 1)


def test_durations_are_whole_units() -> None:
    said = {HOUR: "1 hour", 15 * MINUTE: "15 minutes", 90: "90 seconds", 2.5: "2.5 seconds"}
    assert {seconds: duration_text(seconds) for seconds in said} == said
