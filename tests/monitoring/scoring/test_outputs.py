from __future__ import annotations

import math

import pytest
from served_answers import output

from monitoring.scoring import outputs as module
from monitoring.scoring.measures import ROW_MEASURES
from monitoring.scoring.outputs import (
    HEADLINES,
    MAX_OUTPUT_SERIES,
    MAX_PARTS,
    SIGNED,
    amounts,
    measure_names,
    measured_slices,
    with_parts,
)

KINDS = [
    output("number", "number"),
    output("label", "label", ("a", "b")),
    output("labels", "labels", ("a", "b", "c")),
    output("numbers", "numbers", size=3),
    output("array", "array", size=3),
    output("quantiles", "quantiles", levels=(0.1, 0.5, 0.9)),
    output("text", "text"),
    output("json", "json"),
]


@pytest.mark.parametrize("one", KINDS, ids=lambda one: one.name)
def test_every_kind_has_measures_and_one_of_them_is_its_headline(one) -> None:
    names = measure_names(one)
    assert one.headline in names
    assert len({*names}) == len(names)
    assert not {*names} & SIGNED


def test_every_kind_with_measures_is_known() -> None:
    assert {*HEADLINES} | {"score"} == {*ROW_MEASURES}


def test_what_has_no_right_answer_has_no_measures() -> None:
    for kind in ("label", "array"):
        one = output("one", kind, size=3, has_target=False)
        assert measure_names(one) == ()
        assert one.headline is None
    assert measure_names(output("s", "score")) == ("score_anomalous", "score_normal")


def test_parts_are_bounded_in_the_order_of_the_outputs() -> None:
    long = output("long", "numbers", size=MAX_PARTS - 2)
    few = output("few", "labels", ("a", "b"))
    one, two, other = with_parts([long, few, output("n", "number")])
    assert len(one.parts) == MAX_PARTS - 2
    assert (two.parts, other.parts) == ((), ())
    first, second, _ = with_parts([few, long, output("n", "number")])
    assert (first.parts, second.parts) == (("a", "b"), ())
    assert with_parts([output("big", "numbers", size=MAX_PARTS + 1)])[0].parts == ()


def test_a_counter_gets_neither_negative_nor_infinite_amounts() -> None:
    assert amounts("bias", -2.0) == (("bias_over", 0.0), ("bias_under", 2.0))
    assert amounts("bias", 3.0) == (("bias_over", 3.0), ("bias_under", 0.0))
    for value in (math.nan, math.inf, -math.inf):
        assert amounts("mae", value) == amounts("bias", value) == ()


def test_room_for_series_is_given_slice_by_slice() -> None:
    many = [output(f"o{place}", "number") for place in range(5)]
    kept = measured_slices(many, 24)
    each = 2 * len(measure_names(many[0])) + 2
    assert sum(kept.values()) * each <= MAX_OUTPUT_SERIES
    assert sorted(kept.values(), reverse=True) == list(kept.values())
    assert max(kept.values()) - min(kept.values()) <= 1
    assert measured_slices(many, 1) == dict.fromkeys(kept, 1)
    assert sum(2 * len(measure_names(one)) + 2 for one in KINDS) <= module.MAX_OUTPUT_SERIES
