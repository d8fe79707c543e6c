from __future__ import annotations

import pytest

from modelhost.solution.prediction_bins import PredictionBins
from modelhost.solution.usage import DURATIONS, CallUsage, MemberCall, MemberUsage

CALLS = [
    MemberCall("price", 3, "answered", 1.0, 1.5, 2.0, 0.25, 1.25, 1.5, 0.0),
    MemberCall("price", 2, "failed", 2.0, 2.0, 2.5, 0.0, 2.0, 0.0, 0.0),
    MemberCall("text", 4, "null", 0.0, 0.0, 1.0, 0.5, 0.0, 0.25, 0.0),
]


def test_calls_are_taken_once() -> None:
    usage = CallUsage()
    for call in CALLS:
        usage.add(call)
    assert usage.take() == CALLS
    assert usage.take() == []


def test_a_call_is_read_as_it_was_written() -> None:
    assert MemberCall(*CALLS[0].as_json()) == CALLS[0]


def test_calls_are_added_up_by_member() -> None:
    usage = CallUsage()
    usage.bins = {"price": PredictionBins(2, (10.0,), {}, None)}
    usage.add(CALLS[0], [5.0, 10.0, None])
    usage.add(CALLS[1])
    usage.add(CALLS[2], ["angry"] * 4)
    usage.add(MemberCall("price", 1, "answered", 0.0, 0.0, 0.002, 0.001, 0.0, 0.0, 0.0), [99.0])
    sums = usage.take_sums()
    price = sums["price"]
    assert len(price.calls) == len(DURATIONS) + 1
    assert price.calls == [0, 1, 0, 0, 0, 2, 0]  # bounds are inclusive, as those of Prometheus
    assert price.seconds == pytest.approx(1.502)
    assert price.own == pytest.approx(0.251)
    assert price.rows == [4, 2, 0]
    assert price.bins == [1, 2]
    assert sums["text"] == MemberUsage([0, 0, 0, 0, 0, 1, 0], 1.0, 0.5, [0, 0, 4], [])
    assert usage.take_sums() == {}


def test_the_seconds_of_runs_are_taken_once() -> None:
    usage = CallUsage()
    usage.add_run(0.25)
    usage.add_run(0.5)
    usage.add(CALLS[0])
    assert usage.calls == [CALLS[0]]
    assert (usage.take_seconds(), usage.take_seconds()) == (0.75, 0.0)
