"""Which open issues are one line of the list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tracked import HOUR, MINUTE, T0, issue

from packager.tracker.core.cause import OpenCause, cause_of


def cause(number: int, at: float) -> OpenCause:
    return OpenCause(number, number, T0 + at)


def test_an_issue_without_others_is_a_cause_of_its_own() -> None:
    found = issue({"id": 7})
    assert cause_of(found, []) == 7
    assert cause_of(found, [OpenCause(3, 7, T0)]) == 7


def test_an_hour_joins_and_more_does_not() -> None:
    found = issue({"id": 7, "opened_at": T0 + HOUR})
    assert cause_of(found, [cause(1, 0)]) == 1
    assert cause_of(found, [cause(1, -1)]) == 7


def test_the_nearest_cause_is_chosen() -> None:
    near = [cause(1, 0), cause(2, 50 * MINUTE)]
    assert cause_of(issue({"id": 7, "opened_at": T0 + 55 * MINUTE}), near) == 2


@given(st.lists(st.floats(0, HOUR), min_size=1, max_size=30))
def test_all_that_began_within_an_hour_are_one_cause(times: list[float]) -> None:
    first = min(times)
    for number, at in enumerate(sorted(times), 1):
        found = issue({"id": number, "opened_at": T0 + at})
        known = [OpenCause(1, 1, T0 + first)] if number > 1 else []
        assert cause_of(found, known) == 1
