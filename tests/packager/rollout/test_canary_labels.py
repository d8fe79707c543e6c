"""Labels of two versions by slice: they can refuse the new one; too few never pass it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError
from packager.rollout.canary_labels import judge_labels, parse_labels
from packager.rollout.proxy_control import SlotTraffic

VERSIONS = ("1.0.0-a", "2.0.0-b")
Pairs = Mapping[str, tuple[tuple[int, int], tuple[int, int]]]


def counts(slices: Pairs) -> dict[tuple[str, str], SlotTraffic]:
    """Slice → (labels, wrong ones) of the earlier version and of the new one."""
    return {
        (version, name): SlotTraffic(*pair)
        for name, pairs in slices.items()
        for version, pair in zip(VERSIONS, pairs, strict=True)
    }


def test_a_worse_slice_refuses_the_version_though_all_rows_are_as_before() -> None:
    found = judge_labels(
        VERSIONS,
        {},
        counts(
            {"__all__": ((9000, 900), (1000, 110)), "color=E": ((900, 90), (100, 60))},
        ),
    )
    assert found.outcome == "failed"
    assert found.text.startswith("60 of 100 labelled rows of color=E were answered wrongly, beside")
    assert found.numbers["slices"]["color=E"]["new"] == {"requests": 100, "failures": 60}


def test_enough_labels_that_are_no_worse_pass() -> None:
    found = judge_labels(VERSIONS, {}, counts({"__all__": ((9000, 900), (2000, 200))}))
    assert found.outcome == "passed"
    assert "5.0% more wrong answers would be seen with a probability of" in found.text


def test_few_labels_refuse_nothing_and_are_no_pass() -> None:
    found = judge_labels(VERSIONS, {}, counts({"__all__": ((90, 9), (10, 1))}))
    assert found.outcome == "skipped"
    assert "too few labels to tell" in found.text


@pytest.mark.parametrize("pair", [((0, 0), (9, 9)), ((9, 0), (0, 0))])
def test_without_labels_of_both_there_is_nothing_to_compare(
    pair: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    found = judge_labels(VERSIONS, {}, counts({"__all__": pair}))
    assert (found.outcome, found.text) == (
        "skipped",
        "no right or wrong labels came for both versions",
    )


def test_labels_from_before_the_canary_do_not_count() -> None:
    before = counts({"__all__": ((1000, 1000), (0, 0))})
    now = counts({"__all__": ((2000, 1000), (1000, 300))})
    assert judge_labels(VERSIONS, before, now).outcome == "failed"


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 5))
def test_a_version_without_a_wrong_answer_is_never_refused(old: int, new: int, many: int) -> None:
    slices = {"__all__": ((old, 0), (new, 0))}
    slices |= {f"s={n}": ((old, old), (new, 0)) for n in range(many)}
    assert judge_labels(VERSIONS, {}, counts(slices)).outcome != "failed"


def test_counts_are_read_from_the_answer_of_prometheus() -> None:
    def one(outcome: str, count: str) -> dict[str, object]:
        labels = {"version": "1", "slice": "__all__", "outcome": outcome}
        return {"metric": labels, "value": [0, count]}

    answer = {"data": {"result": [one("correct", "7"), one("wrong", "3"), one("scored", "9")]}}
    assert parse_labels(json.dumps(answer)) == {("1", "__all__"): SlotTraffic(10, 3)}
    for said in ("", "{}", '{"data": {"result": [{"metric": {}}]}}'):
        with pytest.raises(PackageError, match="expected Prometheus's answer to a query, got "):
            parse_labels(said)
