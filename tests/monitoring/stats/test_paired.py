from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.stats.paired import SeedRuns, difference, mcnemar


@pytest.mark.parametrize(
    ("degrees", "half"),
    [(1, 12.706204736), (2, 4.302652730), (4, 2.776445105), (30, 2.042272456)],
)
def test_the_interval_is_that_of_the_t_table(degrees: int, half: float) -> None:
    gaps = np.arange(degrees + 1.0)
    found = difference(np.zeros(degrees + 1), gaps, None)
    error = gaps.std(ddof=1) / math.sqrt(degrees + 1)
    assert (found.high - found.difference) / error == pytest.approx(half, rel=1e-9)
    assert (found.difference - found.low) / error == pytest.approx(half, rel=1e-9)


@pytest.mark.slow
@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=30).filter(lambda v: len({*v}) > 1))
def test_p_is_that_of_the_paired_t_test(values: list[int]) -> None:
    after = np.array(values) / 7 + 0.1
    found = difference(np.zeros(len(after)), after, None)
    assert found.p == pytest.approx(stats.ttest_1samp(after, 0).pvalue, rel=1e-9)


def test_a_tiny_p_is_reported_from_zero() -> None:
    after = 1 + np.arange(40) / 1e6
    assert 0 < difference(np.zeros(40), after, None).p < 1e-100


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
