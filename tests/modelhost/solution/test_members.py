from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from tests.modelhost.solution.conftest import Load
from tests.support.solution_samples import member_spec

ROUTED = """
def run(rows, members):
    return members.route(rows["kind"], {"a": "double", "b": "triple"}, default=DEFAULT)(rows)
"""
TWO = ((member_spec("double"), {"scale": 2}), (member_spec("triple", "inline"), {"scale": 3}))
INLINE = ((member_spec("double", "inline"), {"scale": 2}), TWO[1])
"""The same without a process of a member's own, which takes time to start."""


@pytest.mark.slow
def test_each_segment_is_answered_by_its_member_in_the_order_of_the_rows(load: Load) -> None:
    flow = load(*TWO, flow=ROUTED.replace("DEFAULT", "None"))
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "kind": list("abba")})
    assert flow.predict(rows).tolist() == [2.0, 6.0, 9.0, 8.0]
    assert {call.member: call.rows for call in flow.take_calls()} == {"double": 2, "triple": 2}
    with pytest.raises(PackageError, match="one of the segments 'a', 'b', got 'c'"):
        flow.predict(rows.assign(kind="c"))


def test_other_segments_go_to_the_default(load: Load) -> None:
    flow = load(*INLINE, flow=ROUTED.replace("DEFAULT", "'triple'"))
    rows = pd.DataFrame({"x": [1.0, 2.0], "kind": ["c", "a"]})
    assert flow.predict(rows).tolist() == [3.0, 4.0]


def test_segments_of_other_rows(load: Load) -> None:
    flow = load(*INLINE)
    route = flow.members.route(["a"], {"a": "double"})
    with pytest.raises(PackageError, match="one segment for each of 2 rows, got 1"):
        route(pd.DataFrame({"x": [1.0, 2.0]}))


def test_a_name_that_is_no_member(load: Load) -> None:
    flow = load(*INLINE, flow="def run(rows, members):\n    return members.half(rows)\n")
    with pytest.raises(PackageError, match="one of the members double, triple, got 'half'"):
        flow.predict(pd.DataFrame({"x": [1.0]}))


@pytest.mark.slow
def test_processes_work_at_the_same_time(load: Load) -> None:
    parallel = """
def run(rows, members):
    begun = [members.double.submit(rows), members.other.submit(rows)]
    first, second = [one.result().predictions for one in begun]
    return first + second
"""
    pair = ((member_spec("double"), {"scale": 2}), (member_spec("other"), {"scale": 1}))
    flow = load(*pair, flow=parallel)
    began = time.perf_counter()
    assert flow.predict(pd.DataFrame({"x": [1500.0]})).tolist() == [4500.0]
    took = time.perf_counter() - began
    calls = flow.take_calls()
    assert all(call.own >= 0.5 for call in calls)
    assert calls[1].began < calls[0].ended  # the second had begun before the first was done
    assert took < sum(call.ended - call.began for call in calls)


@pytest.mark.slow
def test_two_calls_of_one_member_are_answered_in_turn(load: Load) -> None:
    twice = """
def run(rows, members):
    begun = [members.double.submit(rows), members.double.submit(rows.assign(x=rows.x * 10))]
    return begun[1].result().predictions + begun[0].result().predictions
"""
    flow = load(TWO[0], flow=twice)
    assert flow.predict(pd.DataFrame({"x": [1.0, 2.0]})).tolist() == [22.0, 44.0]


def test_no_rows_ask_nothing(load: Load) -> None:
    flow = load(*INLINE)
    assert len(flow.members.double(pd.DataFrame({"x": []}))) == 0
    assert flow.take_calls() == []


def test_probabilities_of_segments_are_joined_if_all_have_them(load: Load) -> None:
    def classifier(name: str) -> tuple[object, dict[str, object]]:
        return member_spec(name, "inline", task="classification"), {"classes": ["n", "p"]}

    flow = load(classifier("one"), classifier("two"), flow=ROUTED.replace("DEFAULT", "None"))
    route = flow.members.route(["b", "a"], {"a": "one", "b": "two"})
    found = route(pd.DataFrame({"x": [0.0, 5.0]}))
    assert found.classes == ("n", "p")
    assert np.allclose(found.probability("p"), [0.5, 1 / (1 + np.exp(-5))])
    assert found.predictions.tolist() == ["n", "p"]


@pytest.mark.parametrize("process", ["inline", pytest.param("own", marks=pytest.mark.slow)])
def test_a_route_of_no_rows_has_the_form_of_its_members(load: Load, process: str) -> None:
    both = [
        (member_spec(name, process, task="classification"), {"classes": ["n", "p"]})
        for name in ("one", "two")
    ]
    flow = load(*both)
    found = flow.members.route([], {"a": "one", "b": "two"})(pd.DataFrame({"x": []}))
    assert found.probability("p").tolist() == []
    assert flow.take_calls() == []


@pytest.mark.slow
def test_a_withheld_member_is_not_asked(load: Load) -> None:
    flow = load(*TWO)
    away = MemberUnavailableError("double", "did not answer in time", late=True)
    flow.members.withheld = {"double": away}
    with pytest.raises(MemberUnavailableError, match="did not answer in time"):
        flow.predict(pd.DataFrame({"x": [1.0]}))
    flow.members.withheld = {}
    assert flow.predict(pd.DataFrame({"x": [1.0]})).tolist() == [2.0]


@pytest.mark.slow
def test_a_call_that_failed_fails_again_and_is_counted_once(load: Load) -> None:
    flow = load(*TWO)
    begun = flow.members.double.submit(pd.DataFrame({"x": [777.0]}))
    for _ in range(2):
        with pytest.raises(MemberRaisedError, match="no 777"):
            begun.result()
    assert [call.outcome for call in flow.take_calls()] == ["failed"]


@pytest.mark.slow
def test_members_leave_no_bytecode_in_the_package(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    load(*TWO)
    assert not list((tmp_path / "model").rglob("__pycache__"))
