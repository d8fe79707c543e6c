"""Binomial tails and intervals, as SciPy and statsmodels compute them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from monitoring.stats.exact import at_least, at_most, exact_interval

TRIALS = st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(TRIALS, st.floats(0, 1))
def test_the_tails_are_those_of_scipy(trial: tuple[int, int], share: float) -> None:
    count, rows = trial
    binomial = stats.binom(rows, share)
    assert at_least(count, rows, share) == pytest.approx(
        binomial.sf(count - 1), rel=1e-6, abs=1e-14
    )
    assert at_most(count, rows, share) == pytest.approx(binomial.cdf(count), rel=1e-6, abs=1e-14)


def test_many_rows() -> None:
    rows = 1_000_000
    expected = stats.binom(rows, 0.05).sf(50_300 - 1)
    assert at_least(50_300, rows, 0.05) == pytest.approx(expected, rel=1e-6)


@given(TRIALS)
def test_the_interval_is_that_of_clopper_and_pearson(trial: tuple[int, int]) -> None:
    count, rows = trial
    expected = proportion_confint(count, rows, method="beta")
    assert exact_interval(count, rows) == pytest.approx(expected, abs=1e-9)


def test_no_rows_say_nothing() -> None:
    assert exact_interval(0, 0) == (0.0, 1.0)
    assert at_least(0, 0, 0.5) == at_most(0, 0, 0.5) == 1.0


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 to 3 successes, got 4"):
        at_least(4, 3, 0.5)
    with pytest.raises(ValueError, match="expected a share from 0 to 1, got 2"):
        at_least(1, 3, 2)
