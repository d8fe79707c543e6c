from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.profile.profile import FeatureProfile, Profile
from monitoring.stats.binning import build_profile


def feature(values: Any, kind: str, **options: int) -> FeatureProfile:
    profile = build_profile(pd.DataFrame({"x": values}), [("x", kind)], **options)
    assert profile.left_out == ()
    return profile.features[0]


def counted(profile: FeatureProfile, values: Any) -> list[int]:
    indices = profile.bin_indices(pd.Series(values))
    return np.bincount(indices[indices >= 0], minlength=len(profile.bins)).tolist()


def check(profile: FeatureProfile, values: Any) -> None:
    """What holds for every profile: reference counts are the counts, and no bin is small."""
    if profile.measure != "unseen":  # a row is no reference for its own words
        assert counted(profile, values) == list(profile.counts)
    if profile.measure is None:
        assert min(profile.counts) >= 0.01 * sum(profile.counts)
    assert sum(profile.counts) + profile.missing == len(values)
    assert len(set(profile.bins)) == len(profile.bins) == len(profile.counts) >= 2


def test_quantiles_share_the_rows_evenly() -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    profile = feature(values, "number")
    assert profile.counts == (500,) * 10
    check(profile, values)


def test_few_integers_have_a_bin_each() -> None:
    values = [1] * 30 + [2] * 50 + [5] * 20
    profile = feature(values, "integer")
    assert profile.edges == (2.0, 5.0)
    assert profile.counts == (30, 50, 20)
    assert profile.bins == ("< 2", "2 to 5", ">= 5")
    check(profile, values)


def test_a_value_most_rows_have_leaves_the_others_their_bins() -> None:
    values = [0.0] * 900 + [float(i) for i in range(1, 101)]
    check(feature(values, "number"), values)


def test_values_out_of_range_fall_into_the_end_bins() -> None:
    profile = feature([1, 2, 3, 4], "integer")
    assert profile.bin_indices([-100, 100]).tolist() == [0, 3]
    assert (profile.minimum, profile.maximum) == (1.0, 4.0)


def test_missing_values_are_in_no_bin() -> None:
    profile = feature([1.0, 2.0, None, np.nan], "number")
    assert profile.missing == 2
    assert profile.bin_indices([None, 1.0]).tolist() == [-1, 0]


def test_small_bins_are_merged() -> None:
    values = [1] * 500 + [2] * 2 + [3] * 498
    profile = feature(values, "integer")
    assert profile.counts == (500, 500)
    check(profile, values)


def test_frequent_categories_and_the_rest() -> None:
    values = list("abcdefghijklmnop") * 50 + ["a"] * 30
    profile = feature(values, "string")
    assert len(profile.bins) == 10
    assert profile.bins[-1] == "other"
    assert profile.bin_indices(["a", "p", "unseen", None]).tolist() == [0, 9, 9, -1]
    check(profile, values)


def test_an_unseen_category_is_in_no_bin_where_there_is_no_other() -> None:
    profile = feature(["a", "b"] * 10, "string")
    assert profile.bins == ("a", "b")
    assert profile.bin_indices(["c"]).tolist() == [-1]


def test_rare_categories_are_other() -> None:
    values = ["a"] * 500 + ["b"] * 498 + ["c", "d"]
    profile = feature(values, "string")
    assert profile.bins == ("a", "other")  # b went with them: two rows alone are too few
    check(profile, values)


def test_a_category_called_other_is_among_the_others() -> None:
    values = ["a"] * 10 + ["other"] * 10
    profile = feature(values, "string")
    assert profile.categories == ("a",)
    check(profile, values)


@pytest.mark.parametrize("values", [[True, False] * 10, [True, None, False, True]])
def test_booleans_are_categories(values: list[bool | None]) -> None:
    profile = feature(values, "boolean")
    assert profile.bins == ("False", "True")
    check(profile, values)


def test_free_text_is_measured_by_its_length() -> None:
    values = [f"{i:04}" + "x" * (i % 40) for i in range(400)]
    profile = feature(values, "string")
    assert (profile.name, profile.kind) == ("x.length", "numeric")
    assert (profile.minimum, profile.maximum) == (4.0, 43.0)
    check(profile, values)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_datetimes_are_nanoseconds_in_utc(zone: str | None, unit: str) -> None:
    days = pd.date_range("2020-01-01", periods=100, tz=zone, unit=unit).to_series()
    profile = feature(days.to_numpy() if zone is None else days.reset_index(drop=True), "datetime")
    assert profile.minimum == days.iloc[0].tz_convert("UTC").timestamp() * 1e9 if zone else True
    assert profile.bins[0] == f"< {'2020-01-10T23:00:00' if zone else '2020-01-11T00:00:00'}"
    check(profile, days)


def test_timestamps_beyond_what_nanoseconds_hold_are_binned() -> None:
    values = pd.Series(["1000-01-01", "9999-12-31"] * 5).astype("datetime64[s]")
    check(feature(values, "datetime"), values)


def test_features_that_cannot_drift_are_left_out() -> None:
    frame = pd.DataFrame(
        {"a": [1, 1], "b": [None, None], "c": [{}, 1], "d": ["x", "x"], "e": [0, 1]}
    )
    kinds = [("a", "integer"), ("b", "any"), ("c", "any"), ("d", "string"), ("e", "integer")]
    profile = build_profile(frame, kinds)
    assert profile.left_out == ("a", "b", "c", "d")
    assert [kept.name for kept in profile.features] == ["e"]


def test_the_cap_keeps_the_first() -> None:
    frame = pd.DataFrame({f"x{i}": [0, 1] for i in range(20)})
    profile = build_profile(frame, [(name, "integer") for name in frame])
    assert len(profile.features) == 15
    assert profile.left_out == ("x15", "x16", "x17", "x18", "x19")


def test_long_categories_keep_different_labels() -> None:
    values = ["x" * 100 + "1", "x" * 100 + "2"] * 5
    profile = feature(values, "string")
    assert all(len(label) < 70 for label in profile.bins)
    check(profile, values)


def test_infinity_has_a_bin_but_is_no_bound() -> None:
    values = [float("-inf"), 1.0, 2.0, float("inf")]
    profile = feature(values, "number")
    assert (profile.minimum, profile.maximum) == (1.0, 2.0)
    check(profile, values)


def test_a_profile_survives_json() -> None:
    frame = pd.DataFrame({"n": [0.1, 0.2, 0.3], "s": ["a", "b", "a"]})
    profile = build_profile(frame, [("n", "number"), ("s", "string")])
    assert Profile.model_validate_json(profile.model_dump_json()) == profile


@given(st.lists(st.one_of(st.none(), st.floats(allow_infinity=False)), min_size=1, max_size=200))
def test_every_number_is_counted_once(values: list[float | None]) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=float)})
    profile = build_profile(frame, [("x", "number")])
    for kept in profile.features:
        check(kept, frame["x"])


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=200))
def test_every_text_is_counted_once(values: list[str | None]) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    for kept in build_profile(frame, [("x", "string")]).features:
        check(kept, frame["x"])
