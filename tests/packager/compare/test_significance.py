from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from packager.compare.significance import SeedRuns, difference, mcnemar, t_cdf, t_quantile


@given(st.floats(0, 50), st.floats(1, 5000))
def test_the_t_distribution_is_scipys(value: float, degrees: float) -> None:
    assert t_cdf(value, degrees) == pytest.approx(stats.t.cdf(value, degrees), abs=1e-9)


def test_its_quantile_is_scipys() -> None:
    for degrees in (1, 2.5, 30):
        assert t_quantile(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-9)


def test_mcnemars_mid_p_is_the_published_one() -> None:
    # Fagerland et al. 2013, table 1: 1 and 7 discordant pairs; mid-p 0.0391.
    gaps = np.array([1.0] * 7 + [-1.0] + [0.0] * 13)
    assert mcnemar(gaps) == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(np.zeros(5)) == 1.0
    assert mcnemar(np.array([1.0, -1.0])) == pytest.approx(1.0)


def test_one_row_says_nothing() -> None:
    found = difference(np.array([0.0]), np.array([1.0]), None)
    assert (found.difference, found.p) == (1.0, 0.5)
    assert math.isinf(found.high)


def test_equal_answers_are_no_difference() -> None:
    scores = np.array([1.0, 0.0, 1.0])
    found = difference(scores, scores, (SeedRuns(0.0, 4), SeedRuns(0.0, 4)))
    assert (found.difference, found.p, found.low, found.high) == (0.0, 1.0, 0.0, 0.0)


def trial(random: np.random.Generator, gain: float, rows: int = 800) -> tuple[float, float]:
    """p with and without seeds, of two models whose accuracy varies by 0.01 with the seed."""
    right = 0.8 + random.normal(0, 0.01, 2) + (0.0, gain)
    one, other = ((random.random(rows) < share).astype(float) for share in right)
    seeds = [SeedRuns(float(random.normal(0, 0.01, 5).var(ddof=1)), 4) for _ in range(2)]
    found = difference(one, other, (seeds[0], seeds[1]))
    return found.p, found.p_sample


@pytest.mark.slow
def test_models_that_differ_by_chance_are_called_equal_at_the_nominal_rate() -> None:
    random = np.random.default_rng(1)
    found = np.array([trial(random, 0.0) for _ in range(1500)])
    joint, sample = (found < 0.05).mean(axis=0)
    assert joint <= 0.067  # three standard errors above 0.05
    assert sample > 0.07  # the sample alone mistakes seeds for progress


def test_a_real_gain_is_seen_with_this_power() -> None:
    random = np.random.default_rng(2)
    found = np.array([trial(random, 0.1) for _ in range(300)])
    assert (found[:, 0] < 0.05).mean() > 0.95


def test_errors_of_a_regression_are_compared_in_pairs() -> None:
    random = np.random.default_rng(3)
    one = -np.abs(random.normal(0, 1, 500))
    found = difference(one, one + 0.1 + random.normal(0, 0.05, 500), None)
    assert found.difference == pytest.approx(0.1, abs=0.01)
    assert found.low < 0.1 < found.high
    assert found.p < 1e-6
