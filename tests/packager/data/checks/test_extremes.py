"""Isolated numbers are found; long tails, counts and small values are not."""

from __future__ import annotations

import numpy as np
import pytest
from dirty_tables import ROWS, clean, issues_of, rows_of

from packager.data.checks.extremes import impossible_zero, isolated_extreme


def test_a_zero_far_from_all_other_values_is_impossible():
    frame = clean()
    frame.loc[[3, 70], "size"] = 0.0
    found = issues_of(impossible_zero, frame)
    assert rows_of(found) == [3, 70]
    assert found[0].score == pytest.approx(0.98, abs=0.01)


def test_a_zero_in_counts_or_among_small_values_is_possible():
    frame = clean()
    draw = np.random.default_rng(0)
    frame["children"] = draw.poisson(4, ROWS)
    frame["waiting"] = draw.exponential(5, ROWS)
    frame.loc[5, "waiting"] = 0.0
    assert issues_of(impossible_zero, frame) == []


def test_a_value_apart_from_all_others_is_an_isolated_extreme():
    frame = clean()
    frame.loc[[8, 9], "size"] = [58.9, 31.8]
    found = issues_of(isolated_extreme, frame)
    assert rows_of(found) == [8, 9]
    assert "as all other rows" in found[0].expected


def test_a_long_tail_is_no_isolated_extreme():
    frame = clean()
    frame["income"] = np.random.default_rng(1).lognormal(10, 1, ROWS)
    assert issues_of(isolated_extreme, frame) == []
