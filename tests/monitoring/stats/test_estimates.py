"""Estimates with their variance, and comparisons of two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import test_proportions_2indep as two_proportions

from monitoring.scoring.metric import Metric, mean
from monitoring.stats.estimates import (
    Estimate,
    against_value,
    compare,
    estimate,
    visible_difference,
)


def of(values: list[float] | np.ndarray, *, share: bool = False) -> Estimate:
    metric = mean(np.asarray(values, float))
    assert metric is not None
    return estimate(metric)._replace(share=share)


def test_means_are_compared_as_welch_does() -> None:
    draw = np.random.default_rng(0)
    one, other = draw.normal(0, 1, 80), draw.normal(0.3, 3, 50)
    found, expected = compare(of(one), of(other)), stats.ttest_ind(other, one, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.degrees == pytest.approx(expected.df, rel=1e-6)
    sides = found.p_value(1), found.p_value(-1)
    assert 2 * min(sides) == pytest.approx(expected.pvalue)
    assert sum(sides) == pytest.approx(1)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()))


def test_shares_are_compared_with_their_pooled_variance() -> None:
    one, other = np.repeat([1.0, 0.0], [900, 100]), np.repeat([1.0, 0.0], [420, 80])
    found = compare(of(one, share=True), of(other, share=True))
    z, _ = two_proportions(420, 500, 900, 1_000, method="score", compare="diff", correction=False)
    assert found.statistic == pytest.approx(z, rel=2e-3)  # the variance of n - 1


def test_a_share_without_any_error_is_not_known_without_error() -> None:
    right, mostly = of(np.ones(20), share=True), of([1.0] * 19 + [0.0], share=True)
    assert compare(right, mostly).p_value(-1) > 0.1
    assert compare(right, right).statistic == 0
    assert compare(right, right).p_value(-1) == 0.5


def test_rows_of_a_group_count_once() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(size=200)
    five = mean(np.repeat(values, 5))
    assert five is not None
    grouped = estimate(five, np.repeat(np.arange(200), 5))
    assert grouped.variance == pytest.approx(of(values).variance)
    assert grouped.degrees == 199
    assert estimate(five).variance < grouped.variance / 4


def test_the_interval_covers_the_difference_of_grouped_rows() -> None:
    draw = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        found = []
        for size in (60, 90):
            centre = draw.normal(size=size)
            metric = mean(np.repeat(centre, 4) + 0.5 * draw.normal(size=4 * size))
            assert metric is not None
            found.append(estimate(metric, np.repeat(np.arange(size), 4)))
        low, high = compare(*found).interval()
        covered += low <= 0 <= high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_fixed_value_is_compared_with_the_variance_it_would_have() -> None:
    found = against_value(of(np.repeat([1.0, 0.0], [70, 30]), share=True), 0.8)
    assert found.statistic == pytest.approx(-0.1 / math.sqrt(0.8 * 0.2 / 100), rel=0.02)


def test_the_visible_difference_is_found_with_the_power_that_is_named() -> None:
    draw = np.random.default_rng(3)
    base = of(draw.normal(size=4_000))
    seen = compare(base, of(draw.normal(size=400)))
    least = visible_difference(seen.error, seen.degrees, 0.01)
    hits = sum(compare(base, of(draw.normal(least, 1, 400))).p_value(1) < 0.01 for _ in range(400))
    assert 0.70 <= hits / 400 <= 0.90


def test_a_metric_without_influences_has_no_variance() -> None:
    assert math.isnan(estimate(Metric(0.5)).variance)
    assert math.isnan(compare(estimate(Metric(0.5)), of([1.0, 2.0, 3.0])).p_value(1))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_the_variance_is_that_of_a_mean(values: list[float]) -> None:
    expected = np.var(values, ddof=1) / len(values)
    assert of(values).variance == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_one_row_is_compared_with_nothing() -> None:
    one = Estimate(1.0, math.nan, 0, 0, True)
    seen = compare(one, of([1.0, 0.0, 1.0], share=True))
    assert math.isnan(seen.statistic)
    assert math.isnan(seen.error)
    assert math.isnan(seen.p_value(1))
