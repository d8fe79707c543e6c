"""Bins of one feature: categories, rare ones among others, and times that read as times."""

from __future__ import annotations

import pandas as pd

from monitoring.stats.binning import build_profile
from monitoring.stats.feature_bins import OTHER


def test_times_have_bins_that_read_as_times():
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=40, freq="D")})
    (feature,) = build_profile(frame, [("t", "datetime")]).features
    assert feature.bins[0].startswith("< 2024-01-")


def test_rare_categories_are_others_and_a_category_of_that_name_is_no_bin_of_its_own():
    values = ["a"] * 300 + ["b"] * 300 + ["rare"] + [OTHER] * 100
    (feature,) = build_profile(pd.DataFrame({"x": values}), [("x", "string")]).features
    assert feature.categories == ("a", "b")
    assert dict(zip(feature.bins, feature.counts, strict=True)) == {"a": 300, "b": 300, OTHER: 101}
