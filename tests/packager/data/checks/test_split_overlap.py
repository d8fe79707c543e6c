"""Held-out rows known from training: more than by chance, and enough to change a metric."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.checks.split_overlap import SplitOverlap, split_overlap
from packager.data.checks.table import table_of


@pytest.mark.parametrize(
    ("held_out", "across", "chance", "beyond", "matter"),
    [
        (100, 0.0, 0.0, False, False),
        (10, 0.1, 0.0, True, False),  # one copy among ten rows: less than the metric's own chance
        (10_000, 0.02, 0.0, True, True),
        (10_000, 0.009, 0.0, True, False),
        (400, 0.5, 0.5, False, False),
        (400, 0.61, 0.5, True, True),
        (400, 0.4, 0.5, False, False),
    ],
)
def test_near_duplicates_count_where_they_are_more_than_chance_and_move_a_metric(
    held_out, across, chance, beyond, matter
):
    found = SplitOverlap(held_out, across, chance)
    assert (found.beyond_chance, found.is_relevant) == (beyond, matter)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_no_more_near_duplicates_than_by_chance_never_count(held_out, one, other):
    found = SplitOverlap(held_out, min(one, other), max(one, other))
    assert not found.beyond_chance
    assert not found.is_relevant


def test_chance_counts_only_where_rows_differ_in_a_single_feature():
    held_out = np.arange(200) >= 150
    draw = np.random.default_rng(1)
    coarse = pd.DataFrame({"a": draw.integers(0, 8, 200), "b": draw.integers(0, 8, 200)})
    fine = pd.DataFrame({"a": draw.normal(size=200), "b": draw.normal(size=200)})
    for frame, by_chance in ((coarse, True), (fine, False)):
        table = table_of(frame)
        known = held_out & np.isin(table.feature_hashes, table.feature_hashes[~held_out])
        found = split_overlap(table, held_out, known)
        assert (found.chance > 0) == by_chance
        assert found.held_out == 50
        assert not found.beyond_chance


def test_nulls_are_values_by_which_rows_are_alike():
    frame = pd.DataFrame({"a": [None, "x"] * 40, "b": [1.0, None, 2.0, None] * 20})
    held_out = np.arange(80) >= 40
    table = table_of(frame)
    found = split_overlap(table, held_out, held_out)
    assert (found.across, found.chance) == (1.0, 1.0)
