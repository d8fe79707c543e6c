"""Intervals of shares and means: SciPy's, statsmodels' and published ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from monitoring.stats.intervals import mean_interval, share_interval, sums_interval, wilson


@given(st.integers(1, 10_000), st.data())
def test_wilsons_interval_holds_the_share_and_stays_in_its_bounds(
    rows: int, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, rows))
    low, high = wilson(right, rows)
    assert 0 <= low <= right / rows + 1e-12
    assert right / rows - 1e-12 <= high <= 1
    assert low < high


def test_wilsons_interval_equals_the_published_example() -> None:
    # Newcombe 1998, table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_extrapolated_counts_that_overshoot_stay_a_share() -> None:
    low, high = wilson(100.3, 100.1)
    assert 0.95 < low <= high <= 1


@given(st.integers(1, 10_000), st.data())
def test_wilsons_interval_is_statsmodels(rows: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, rows))
    expected = proportion_confint(right, rows, method="wilson")
    assert wilson(right, rows) == pytest.approx(expected, abs=1e-9)


def test_without_rows_nothing_is_claimed() -> None:
    assert all(math.isnan(end) for end in (*wilson(0, 0), *sums_interval(0, 0, 0)))
    assert mean_interval(np.array([1.0])) is None


def test_the_interval_of_sums_is_normal() -> None:
    low, high = sums_interval(480, 1_200, 240)  # errors of 1 and 3 in turn
    assert (low + high) / 2 == pytest.approx(2)
    assert high - low == pytest.approx(2 * 1.959964 / math.sqrt(240))


@pytest.mark.parametrize("rows", [2, 3, 10, 1_000, 1_000_000])
def test_the_interval_of_a_mean_has_students_quantile(rows: int) -> None:
    values = np.tile([1.0, 3.0], rows)[:rows]
    half = stats.t.ppf(0.975, rows - 1) * values.std(ddof=1) / math.sqrt(rows)
    assert mean_interval(values) == pytest.approx(
        (values.mean() - half, values.mean() + half), rel=1e-9
    )


def test_a_share_of_a_plain_sample_has_wilsons_interval() -> None:
    hits = np.repeat([1.0, 0.0], [30, 10])
    assert share_interval(0.75, hits - 0.75, 1) == pytest.approx(wilson(30, 40))
