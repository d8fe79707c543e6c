"""Drift between counts per bin: its size, its significance, and the effect of shared rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.stats.binning import build_profile
from packager.data.drift import column_drift, comparable, drift_of, is_categorical, shared_rows


def test_z_of_appended_rows_is_standard_normal_where_nothing_moved():
    draw, found = np.random.default_rng(0), []
    for _ in range(400):
        before = draw.multinomial(2000, [0.1] * 10)
        found.append(drift_of("x", before + draw.multinomial(300, [0.1] * 10), before, 2000).z)
    assert abs(np.mean(found)) < 0.3
    assert 0.8 < np.std(found) < 1.2
    assert drift_of("x", before, before, 2000).z == 0.0


@pytest.mark.parametrize(
    ("before", "after", "can"),
    [
        ("number", "integer", True),
        ("integer", "number", True),
        ("string", "string", True),
        ("string", "number", False),
        ("boolean", "integer", False),
        ("any", "any", False),
    ],
)
def test_columns_are_compared_where_they_share_bins(before, after, can):
    assert comparable(before, after) is can


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_shared_rows_are_those_of_both_with_their_repeats(one, other):
    wanted = sum((Counter(one) & Counter(other)).values())
    assert shared_rows(np.array(one, np.uint64), np.array(other, np.uint64)) == wanted


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6).filter(sum), st.data())
def test_equal_counts_never_are_a_notable_drift(counts, data):
    reference = np.array(counts)
    assert not drift_of("x", reference, reference).notable
    assert drift_of("x", reference, reference, int(reference.sum())).z == 0
    assert drift_of("x", np.array(data.draw(st.permutations(counts))), reference).psi >= 0


def test_everything_in_one_bin_then_and_now_is_no_drift():
    found = drift_of("x", np.array([0, 7, 0]), np.array([0, 900, 0]))
    assert (found.psi, found.z, found.notable) == (0.0, 0.0, False)


def test_rows_that_both_tables_have_make_a_shift_of_the_rest_surer():
    before = np.array([500, 500])
    after = np.array([700, 600])
    alone = drift_of("x", after, before)
    assert drift_of("x", after, before, 1000).z > alone.z


def test_a_column_of_nulls_moved_from_one_with_values():
    frame = pd.DataFrame({"x": np.arange(100.0)})
    (feature,) = build_profile(frame, [("x", "number")]).features
    found = column_drift(feature, pd.Series([None] * 100, dtype="float64", name="x"))
    assert found.notable
    assert column_drift(feature, frame["x"]).z < 1


@pytest.mark.parametrize(("distinct", "rows", "is_list"), [(2, 10, True), (2, 9, False)])
def test_text_that_repeats_is_a_list_of_categories(distinct, rows, is_list):
    assert is_categorical(distinct, rows) is is_list
