"""Values of all workers are merged into lines of the exposition as the library merges them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.exposition.merge import Families, FileMerger

NUMBERS = st.floats(-1e6, 1e6)


def key(metric: str, name: str = "", **labels: str) -> bytes:
    return json.dumps([metric, name or metric, labels, "help"], sort_keys=True).encode()


def merged(files: list[tuple[str, dict[bytes, float]]], metric: str) -> dict[object, float]:
    """(name, labels) → value of the lines of ``metric``."""
    families = Families([(name, list(values)) for name, values in files])
    given = np.array([value for _, values in files for value in values.values()])
    found = FileMerger(families).merged(given)
    lines = families.by_name[metric].lines.values()
    return {line: float(found[slot]) for each in lines for line, slot in each.items()}


@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_counters_are_sums_added_one_after_the_other(workers):
    keys = [key("hits", "hits_total", of=of) for of in "ab"]
    files = [
        (f"counter_w{n}.db", dict(zip(keys, values, strict=True)))
        for n, values in enumerate(workers)
    ]
    expected = [sum(values[place] for values in workers) for place in (0, 1)]
    assert [*merged(files, "hits").values()] == expected


@pytest.mark.parametrize(("kind", "best"), [("max", max), ("min", min), ("livemax", max)])
@given(values=st.lists(NUMBERS, min_size=1, max_size=5))
def test_of_gauges_one_value_is_chosen_whosever_it_is(kind, best, values):
    files = [(f"gauge_{kind}_w{n}.db", {key("up", pid=str(n)): v}) for n, v in enumerate(values)]
    assert merged(files, "up") == {("up", ()): best(values)}


def test_a_gauge_of_all_workers_has_a_line_for_each():
    files = [(f"gauge_all_w{n}.db", {key("size", of="x"): float(n)}) for n in (3, 1)]
    assert merged(files, "size") == {
        ("size", (("of", "x"), ("pid", "w3"))): 3.0,
        ("size", (("of", "x"), ("pid", "w1"))): 1.0,
    }


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=1, max_size=4),
    st.permutations(["0.5", "10.0", "+Inf"]),
)
def test_buckets_add_up_in_the_order_of_their_bounds(workers, bounds):
    files = [
        (
            f"histogram_w{n}.db",
            {
                **{key("t", "t_bucket", le=le): c for le, c in zip(bounds, counts, strict=True)},
                key("t", "t_sum"): float(n),
            },
        )
        for n, counts in enumerate(workers)
    ]
    found = merged(files, "t")
    counted = dict(zip(bounds, map(sum, zip(*workers, strict=True)), strict=True))
    small, middle, every = (counted[le] for le in ("0.5", "10.0", "+Inf"))
    values = {dict(labels).get("le", name): value for (name, labels), value in found.items()}
    assert values["0.5"] == small
    assert values["10.0"] == small + middle
    assert values["+Inf"] == values["t_count"] == small + middle + every
    assert values["t_sum"] == sum(range(len(workers)))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([("odd_w0.db", [key("a")])], "odd_w0.db: expected one of"),
        ([("gauge_mean_w0.db", [key("a")])], "got gauge_mean"),
        (
            [("counter_w0.db", [key("a")]), ("gauge_max_w0.db", [key("a")])],
            "a: expected a counter in every file, got a gauge_max",
        ),
        ([("counter_w0.db", [b"{"])], "Expecting"),
    ],
)
def test_what_can_not_be_merged_is_refused(files, message):
    with pytest.raises(ValueError, match=message):
        Families(files)


def test_an_infinity_meets_its_opposite_without_a_warning():
    files = [(f"counter_w{n}.db", {key("a"): v}) for n, v in enumerate((np.inf, -np.inf))]
    (value,) = merged(files, "a").values()
    assert np.isnan(value)
