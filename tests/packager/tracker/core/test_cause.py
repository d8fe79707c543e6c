"""Which open issues are one line of the list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tracked import HOUR, MINUTE, T0, issue

from packager.tracker.core.cause import CauseMember, cause_of, leader_of


def member(number: int, cause: int, at: float, band: int = 2, priority: float = 9) -> CauseMember:
    return CauseMember(number, cause, T0 + at, band, priority)


def test_an_issue_without_others_is_a_cause_of_its_own() -> None:
    found = issue({"id": 7})
    assert cause_of(found, []) == 7
    assert cause_of(found, [member(7, 3, 0)]) == 7


def test_an_hour_joins_and_more_does_not() -> None:
    found = issue({"id": 7, "opened_at": T0 + HOUR})
    assert cause_of(found, [member(1, 1, 0)]) == 1
    assert cause_of(found, [member(1, 1, -1)]) == 7


def test_the_hour_counts_from_the_first_of_a_cause() -> None:
    chain = [member(1, 1, 0), member(2, 1, 50 * MINUTE)]
    assert cause_of(issue({"id": 7, "opened_at": T0 + 100 * MINUTE}), chain) == 7


def test_the_nearest_cause_is_chosen() -> None:
    near = [member(1, 1, 0), member(2, 2, 50 * MINUTE)]
    assert cause_of(issue({"id": 7, "opened_at": T0 + 55 * MINUTE}), near) == 2


def test_the_most_urgent_leads_then_the_oldest() -> None:
    members = [
        member(1, 1, 0, 2, 9.2),
        member(2, 1, 60, 2, 10.8),
        member(3, 1, 30, 2, 10.8),
        member(4, 1, 0, 3, 99),
    ]
    assert leader_of(members) == 3
    assert leader_of([*members, member(5, 1, 90, 1, 4)]) == 5


@given(st.lists(st.floats(0, HOUR), min_size=1, max_size=30))
def test_all_that_began_within_an_hour_are_one_cause(times: list[float]) -> None:
    members: list[CauseMember] = []
    for number, at in enumerate(sorted(times), 1):
        found = issue({"id": number, "opened_at": T0 + at})
        members.append(member(number, cause_of(found, members), at))
    assert {one.cause for one in members} == {1}
