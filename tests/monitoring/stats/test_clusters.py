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


@pytest.mark.parametrize(("groups", "share", "least"), [(300, 0.7, 0.5), (20, 0.9, 0.0)])
def test_a_chi_square_of_grouped_rows_is_seldom_large_when_divided_by_the_effect(
    groups: int, share: float, least: float
) -> None:
    """``share``: of the rows of a group that repeat its first; ``least``: of the usual mean."""
    draw = np.random.default_rng(3)
    ratios = []
    for _ in range(400):
        firsts = draw.integers(0, 5, (groups, 1))
        again = draw.random((groups, 8)) < share
        rows = np.where(again, firsts, draw.integers(0, 5, (groups, 8)))
        counts = np.bincount(rows.ravel(), minlength=5)
        expected = rows.size / 5
        chi = ((counts - expected) ** 2 / expected).sum()
        ratios.append(chi / design_effect_of_bins(rows.ravel(), np.repeat(np.arange(groups), 8), 5))
    assert least * 4 <= np.mean(ratios) <= 4.4
    # 18.47: the quantile of a chi-square of four degrees of freedom at 0.1 %.
    assert np.mean(np.array(ratios) > 18.47) <= 0.0026


def test_of_unlike_effects_the_large_ones_count_more() -> None:
    """All rows of a group are in one of two bins, or spread over the six others."""
    draw = np.random.default_rng(4)
    kinds = draw.random(400) < 0.5
    bins = np.where(kinds[:, None], draw.integers(0, 2, (400, 1)), draw.integers(2, 8, (400, 10)))
    found = design_effect_of_bins(bins.ravel(), np.repeat(np.arange(400), 10), 8)
    # Ten rows of a group say together which kind it is, and which of the two bins.
    assert found == pytest.approx((10**2 + 10**2 + 5) / (10 + 10 + 5), rel=0.1)


def test_what_says_nothing_has_an_effect_of_one() -> None:
    one = np.zeros(5, np.int64)
    assert design_effect(np.arange(5.0), one) == 1
    assert design_effect(np.ones(5), np.arange(5)) == 1
    assert design_effect(np.zeros(0), np.zeros(0, np.int64)) == 1
    assert design_effect_of_bins(one, np.arange(5), 3) == 1
    assert design_effect_of_bins(np.full(5, -1), np.arange(5), 3) == 1
    assert math.isnan(mean_variance(np.zeros(1))[0])
