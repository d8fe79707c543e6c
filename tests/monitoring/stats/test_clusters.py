"""Design effects: known cases, statsmodels' cluster variance, and simulated chi-squares."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from monitoring.stats.clusters import design_effect, design_effect_of_bins, mean_variance


def test_a_row_five_times_counts_once() -> None:
    draw = np.random.default_rng(0)
    flags, bins = draw.random(400) < 0.2, draw.integers(0, 8, 400)
    groups = np.repeat(np.arange(400), 5)
    assert design_effect(np.repeat(flags, 5), groups) == pytest.approx(5, rel=0.01)
    assert design_effect_of_bins(np.repeat(bins, 5), groups, 8) == pytest.approx(5, rel=0.01)


def test_independent_rows_have_an_effect_of_one() -> None:
    draw = np.random.default_rng(1)
    flags, groups = draw.random(20_000) < 0.3, draw.integers(0, 4_000, 20_000)
    assert design_effect(flags, groups) == pytest.approx(1, abs=0.08)
    bins = draw.integers(0, 6, 20_000)
    assert design_effect_of_bins(bins, groups, 6) == pytest.approx(1, abs=0.08)
    assert design_effect(flags, None) == design_effect_of_bins(bins, None, 6) == 1


def test_the_variance_is_statsmodels_cluster_variance() -> None:
    draw = np.random.default_rng(2)
    groups = draw.integers(3, 60, 900)  # numbers of groups need not start at 0
    values = draw.normal(size=900) + draw.normal(size=60)[groups]
    fitted = sm.OLS(values, np.ones(900)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    units = len(np.unique(groups))
    found, counted = mean_variance(values - values.mean(), groups)
    assert counted == units
    assert found == pytest.approx(fitted.cov_params()[0, 0] * units / (units - 1))


def test_a_chi_square_of_grouped_rows_has_its_mean_when_divided_by_the_effect() -> None:
    draw = np.random.default_rng(3)
    ratios = []
    for _ in range(200):
        # Groups of four rows, three of four of which repeat the first.
        firsts = draw.integers(0, 5, (300, 1))
        rows = np.where(draw.random((300, 4)) < 0.7, firsts, draw.integers(0, 5, (300, 4)))
        counts = np.bincount(rows.ravel(), minlength=5)
        chi = ((counts - 240) ** 2 / 240).sum()
        groups = np.repeat(np.arange(300), 4)
        ratios.append(chi / design_effect_of_bins(rows.ravel(), groups, 5))
    assert np.mean(ratios) == pytest.approx(4, rel=0.12)


def test_what_says_nothing_has_an_effect_of_one() -> None:
    one = np.zeros(5, np.int64)
    assert design_effect(np.arange(5.0), one) == 1
    assert design_effect(np.ones(5), np.arange(5)) == 1
    assert design_effect(np.zeros(0), np.zeros(0, np.int64)) == 1
    assert design_effect_of_bins(one, np.arange(5), 3) == 1
    assert design_effect_of_bins(np.full(5, -1), np.arange(5), 3) == 1
    assert math.isnan(mean_variance(np.zeros(1))[0])
