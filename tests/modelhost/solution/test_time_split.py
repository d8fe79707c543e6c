from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.solution.time_split import MemberTimes, split_times
from modelhost.solution.usage import MemberCall


def call(member: str, began: float, sent: float, asked: float, ended: float, **more: Any) -> Any:
    usual = {"outcome": "answered", "own": 0.0, "own_began": 0.0, "queued": 0.0, **more}
    return MemberCall(member, 1, began=began, sent=sent, asked_for=asked, ended=ended, **usual)


def test_members_one_after_the_other() -> None:
    inline = call("a", 1.0, 3.0, 3.0, 3.0, own=1.5, own_began=1.25)
    process = call("b", 4.0, 4.5, 4.5, 8.0, own=2.0, own_began=5.0)
    members, flow = split_times([inline, process], 10.0)
    assert members == {
        "a": MemberTimes(own=1.5, crossing=0.5, waiting=0.0, overlapped=0.0),
        "b": MemberTimes(own=2.0, crossing=2.0, waiting=0.0, overlapped=0.0),
    }
    assert flow == pytest.approx(4.0)


def test_what_overlaps_is_no_time_of_the_flow() -> None:
    beside = call("text", 0.0, 0.5, 3.0, 4.0, own=3.0, own_began=0.75)
    inline = call("price", 0.5, 2.5, 2.5, 2.5, own=2.0, own_began=0.5)
    members, flow = split_times([inline, beside], 4.0)
    assert members["text"] == MemberTimes(own=0.75, crossing=0.75, waiting=0.0, overlapped=2.25)
    assert members["price"].on_path == 2.0
    assert flow == pytest.approx(0.5)


def test_a_call_behind_another_and_one_without_an_answer_wait() -> None:
    behind = call("a", 0.0, 2.0, 2.0, 4.0, own=1.0, own_began=2.5, queued=1.5)
    late = call("a", 4.0, 4.5, 4.5, 6.0, outcome="null")
    members, flow = split_times([behind, late], 6.0)
    assert members["a"] == MemberTimes(own=1.0, crossing=1.5, waiting=3.5, overlapped=0.0)
    assert flow == 0.0


times = st.floats(0, 100, allow_nan=False)


@st.composite
def calls(draw: st.DrawFn) -> list[Any]:
    made = []
    for name in draw(st.lists(st.sampled_from("abc"), max_size=6)):
        began, sent, asked, ended = sorted(draw(st.tuples(times, times, times, times)))
        own = draw(st.floats(0, ended - began))
        at = draw(st.floats(began, ended - own)) if own < ended - began else began
        outcome = draw(st.sampled_from(["answered", "failed", "null"]))
        more = {"own": own, "own_began": at, "queued": draw(st.floats(0, sent - began))}
        made.append(call(name, began, sent, asked, ended, outcome=outcome, **more))
    return made


@given(calls())
def test_the_parts_sum_to_the_time_of_the_flow(made: list[Any]) -> None:
    members, flow = split_times(made, 100.0)
    parts = sum(one.on_path for one in members.values())
    assert flow + parts == pytest.approx(100.0)
    for one in members.values():
        assert all(part >= -1e-9 for part in one)
    own = sum(one.own + one.overlapped for one in members.values())
    assert own == pytest.approx(sum(one.own for one in made))


def test_no_calls() -> None:
    assert split_times([], 2.5) == ({}, 2.5)
