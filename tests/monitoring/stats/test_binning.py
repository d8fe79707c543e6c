"""Profiles of training rows: every bin has its minimum share, and no row is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.profile.profile import CONFIDENCE, PREDICTION
from monitoring.stats.binning import build_profile, prediction_features
from monitoring.stats.feature_bins import MIN_SHARE, OTHER

NUMBERS = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=80)
TEXTS = st.lists(st.none() | st.sampled_from(["a", "b", "c", OTHER, "x" * 90]), min_size=1)


@given(NUMBERS)
def test_every_number_is_in_one_bin_or_missing(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype="float64")})
    for feature in build_profile(frame, [("x", "number")]).features:
        assert sum(feature.counts) + feature.missing == len(values)
        assert len(feature.bins) == len(feature.counts) == len(feature.edges) + 1
        assert list(feature.edges) == sorted(set(feature.edges))
        present = len(values) - feature.missing
        assert min(feature.counts) >= MIN_SHARE * present
        found = np.bincount(feature.bin_indices(frame["x"]) + 1, minlength=len(feature.counts) + 1)
        assert found.tolist() == [feature.missing, *feature.counts]


@given(TEXTS)
def test_every_text_is_in_one_bin_or_missing_and_labels_differ(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    for feature in build_profile(frame, [("x", "string")]).features:
        assert sum(feature.counts) + feature.missing == len(values)
        assert len(set(feature.bins)) == len(feature.bins)
        if feature.kind == "categorical":
            assert all(len(label) <= 70 for label in feature.bins)


def test_text_that_hardly_repeats_is_profiled_by_its_measures():
    frame = pd.DataFrame({"x": [f"note {'x' * (n % 7)} {n}" for n in range(100)]})
    found = build_profile(frame, [("x", "string")]).features
    assert [f.name for f in found] == ["x.length", "x.unseen", "x.script", "x.token"]
    assert {f.column for f in found} == {"x"}


def test_the_most_important_features_are_kept_and_the_others_named():
    frame = pd.DataFrame({name: range(50) for name in "abcd"}).assign(one=1)
    columns = [(name, "integer") for name in ("d", "one", "b", "a", "c")]
    found = build_profile(frame, columns, max_features=2)
    assert [feature.name for feature in found.features] == ["d", "b"]
    assert found.left_out == ("one", "a", "c")


@pytest.mark.parametrize("values", [[1.0] * 9, [None] * 9, [float("inf")] * 9])
def test_what_falls_into_one_bin_is_left_out(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype="float64")})
    assert build_profile(frame, [("x", "number")]).features == ()


def test_answers_are_profiled_by_label_and_confidence():
    labels = ["yes", "no", "yes", None] * 20
    found = prediction_features(labels, np.linspace(0.5, 1, 80), regression=False)
    assert [feature.name for feature in found] == [PREDICTION, CONFIDENCE]
    assert found[0].missing == 20
    (numbers,) = prediction_features([1.0, None, 3.0] * 20, None, regression=True)
    assert (numbers.kind, numbers.missing) == ("numeric", 20)
