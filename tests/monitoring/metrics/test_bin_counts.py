"""Values are counted in the bins of the profile, in small and large batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from array_samples import arrays_in, arrays_of
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.column_arrays import ColumnLayout
from monitoring.metrics.bin_counts import BinCounts
from monitoring.profile.profile import FeatureProfile
from monitoring.slices.clock import DatetimeUnit
from monitoring.stats.binning import build_profile

RANDOM = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "number": RANDOM.normal(size=400),
        "long": RANDOM.integers(2**61, 2**63 - 1, 400),
        "color": RANDOM.choice(["red", "green", "True"], 400),
        "words": ["x" * int(n) + str(i) for i, n in enumerate(RANDOM.integers(0, 30, 400))],
        "flag": RANDOM.choice([True, False], 400),
    }
)
KINDS = ("number", "integer", "string", "string", "boolean")
FEATURES = {f.name: f for f in build_profile(FRAME, list(zip(FRAME, KINDS, strict=True))).features}
VALUES = {
    "number": st.floats(-4, 4) | st.sampled_from(FRAME["number"].tolist()) | st.just(float("inf")),
    "long": st.sampled_from(FRAME["long"].tolist()) | st.integers(-(2**63), 2**63 - 1),
    "color": st.sampled_from(["red", "green", "True", "blue", ""]),
    "words": st.text(max_size=40),
    "flag": st.booleans(),
}
ROWS = st.lists(st.tuples(*(st.none() | VALUES[name] for name in FRAME)), min_size=1, max_size=60)


def counted(bins: BinCounts) -> dict[str, list[int]]:
    return dict(bins.drain())


def all_features() -> BinCounts:
    return BinCounts([(list(FRAME).index(f.column), f) for f in FEATURES.values()], {})


@pytest.mark.slow
@settings(deadline=None)
@given(ROWS, st.integers(1, 10))
def test_any_number_at_a_time_counts_what_the_profile_says(
    rows: list[tuple[Any, ...]], together: int
) -> None:
    bins = all_features()
    for start in range(0, len(rows), together):
        some = rows[start : start + together]
        bins.add(list(zip(*some, strict=True)))
    found = counted(bins)
    for name, feature in FEATURES.items():
        place = list(FRAME).index(feature.column)
        series = pd.Series([row[place] for row in rows], dtype=object)
        indices = feature.bin_indices(series)
        expected = [int((indices == place).sum()) for place in range(len(feature.bins))]
        assert found.get(name, [0] * len(feature.bins)) == expected, name


def test_what_was_taken_is_not_counted_again() -> None:
    bins = all_features()
    row = [(0.5,), (2**62,), ("red",), ("abc",), (True,)]
    bins.add(row)
    assert all(sum(counts) == 1 for counts in counted(bins).values())
    assert counted(bins) == {}
    bins.add(row)
    assert len(counted(bins)) == len(FEATURES)


def test_nan_is_in_no_bin() -> None:
    bins = BinCounts([(0, FEATURES["number"])], {})
    bins.add([np.array([np.nan, 0.0, np.nan])])
    assert sum(counted(bins)["number"]) == 1


def test_times_are_counted_in_the_unit_of_their_column() -> None:
    days = pd.Series(pd.date_range("2024-01-01", periods=300, freq="D"))
    (feature,) = build_profile(pd.DataFrame({"when": days}), [("when", "datetime")]).features
    ticks = (days.astype("datetime64[s]").astype("int64")).tolist()
    bins = BinCounts([(0, feature)], {"when": DatetimeUnit.of_dtype("datetime64[s]")})
    bins.add([[*ticks, None]])
    assert counted(bins)["when"] == list(feature.counts)


def test_a_category_without_a_bin_is_left_out() -> None:
    feature = FeatureProfile(
        name="kind",
        kind="categorical",
        categories=("a", "b"),
        bins=("a", "b"),
        counts=(5, 5),
        missing=0,
    )
    bins = BinCounts([(0, feature)], {})
    bins.add([["a", "c", None, "b", "a"]])
    assert counted(bins) == {"kind": [2, 1]}


@settings(deadline=None)
@given(ROWS)
def test_arrays_count_what_the_same_columns_do(rows: list[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True))
    colors = ("red", "green", "True", "blue", "")
    layout = ColumnLayout([0, 1, 4], {2: colors, 4: (False, True)})
    features = [(at, FEATURES[name]) for at, name in enumerate(FRAME) if name != "words"]
    left, right = BinCounts(features, {}), BinCounts(features, {})
    left.add(columns)
    assert right.takes(layout)
    right.add_arrays(arrays_in(layout, columns))
    assert counted(left) == counted(right)


def test_columns_that_are_in_no_array_are_not_taken() -> None:
    columns = [[1.0], [2], ["red"], ["abc"], [True]]
    assert not all_features().takes(arrays_of(columns).layout)  # the length of text is counted
    known = BinCounts([(0, FEATURES["number"]), (2, FEATURES["color"])], {})
    assert known.takes(arrays_of(columns).layout)
    assert not known.takes(arrays_of([["x"], [2], ["red"]]).layout)
    assert not known.takes(arrays_of([[1.0], [2], [3]]).layout)


@pytest.mark.slow
@given(
    st.lists(st.lists(st.floats(allow_nan=False), min_size=1, max_size=9, unique=True), max_size=3),
    st.data(),
)
def test_comparing_with_all_edges_finds_what_a_search_finds(
    edges: list[list[float]], data: st.DataObject
) -> None:
    sorted_edges = [tuple(sorted(own)) for own in edges]
    features = [
        FeatureProfile(
            name=str(at),
            kind="numeric",
            edges=own,
            bins=tuple(map(str, range(len(own) + 1))),
            counts=(1,) * (len(own) + 1),
            missing=0,
        )
        for at, own in enumerate(sorted_edges)
    ]
    known = [edge for own in edges for edge in own]
    value = st.none() | st.floats() | (st.sampled_from(known) if known else st.nothing())
    rows = data.draw(st.integers(1, 20))
    columns = [data.draw(st.lists(value, min_size=rows, max_size=rows)) for _ in edges]
    bins = BinCounts(list(enumerate(features)), {})
    repeated = 100  # more rows than are compared at once
    bins.add([column * repeated for column in columns])
    found = counted(bins)
    for at, own in enumerate(sorted_edges):
        values = np.array([v for v in columns[at] if v is not None and v == v])
        places = np.searchsorted(own, values, side="right")
        expected = np.bincount(places, minlength=len(own) + 1) * repeated
        assert found.get(str(at), [0] * (len(own) + 1)) == expected.tolist()
