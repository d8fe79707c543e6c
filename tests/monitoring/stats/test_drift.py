"""Drift: the formulas, their noise, and no alarm from chance alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, ncx2, norm

from monitoring.stats.distributions import normal_tail
from monitoring.stats.drift import (
    expected_psi,
    is_anomalous,
    is_drift,
    measure_drift,
    visible_psi,
    z_score,
)

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12)


def test_psi_of_a_worked_example() -> None:
    # q = (50.5, 30.5, 20.5) / 101.5; p = (20 + 10 q) / 110 and so on, by hand.
    found = measure_drift([20, 30, 50], [50, 30, 20])
    assert found.psi == pytest.approx(0.442706, abs=5e-7)
    assert (found.rows, found.reference_rows, found.bins) == (100, 100, 3)


@given(COUNTS)
def test_no_rows_are_exactly_no_drift(reference: list[int]) -> None:
    reference[0] += 1
    found = measure_drift([0] * len(reference), reference)
    assert found.psi == pytest.approx(0, abs=1e-15)
    assert found.js == pytest.approx(0, abs=1e-15)
    assert math.isnan(found.z)
    assert found.noise == math.inf
    assert not found.drifting


@given(COUNTS, st.data())
def test_psi_and_js_are_divergences(reference: list[int], data: st.DataObject) -> None:
    reference[0] += 1
    size = len(reference)
    counts = data.draw(st.lists(st.integers(0, 10_000), min_size=size, max_size=size))
    found = measure_drift(counts, reference)
    assert found.psi >= -1e-12
    assert -1e-12 <= found.js <= 1


def test_a_bin_that_is_empty_in_training_or_now_is_no_division_by_zero() -> None:
    found = measure_drift([0, 0, 1_000], [1_000, 0, 0])
    assert found.psi > 5
    assert found.drifting


def test_counts_of_replicas_add_up_where_their_psi_would_not() -> None:
    reference = [5_000, 3_000, 2_000]
    one, other = [900, 100, 0], [100, 500, 400]
    both = [a + b for a, b in zip(one, other, strict=True)]
    assert measure_drift(one, reference).psi > 0.5
    assert measure_drift(other, reference).psi > 0.5
    assert measure_drift(both, reference).psi < 1e-6


def test_z_is_a_standard_normal_number_of_the_chi_square() -> None:
    for freedom in (2, 9, 19):
        for quantile in (0.5, 0.95, 0.999):
            psi = chi2.ppf(quantile, freedom) * (1 / 1_000 + 1 / 5_000)
            z = z_score(psi, 1_000, 5_000, freedom + 1)
            assert z == pytest.approx(norm.ppf(quantile), abs=0.06)
            assert normal_tail(z) == pytest.approx(1 - quantile, rel=0.2)


def test_a_design_effect_counts_as_fewer_rows() -> None:
    plain, dependent = (
        measure_drift([30, 70], [500, 500]),
        measure_drift([30, 70], [500, 500], design_effect=4),
    )
    assert dependent.psi == plain.psi
    assert dependent.z < plain.z
    assert dependent.z == z_score(plain.psi, 25, 1_000, 2)
    assert dependent.noise == expected_psi(25, 1_000, 2)
    assert measure_drift([100, 400], [500, 500]).drifting
    assert not measure_drift([100, 400], [500, 500], design_effect=1.1).drifting


@pytest.mark.parametrize(
    ("psi", "z", "rows", "verdict"),
    [
        (0.21, 4.6, 500, True),
        (0.20, 4.6, 500, False),
        (0.21, 4.5, 500, False),
        (0.21, 4.6, 499, False),
        (math.nan, math.nan, 500, False),
    ],
)
def test_an_alarm_needs_effect_and_significance_and_rows(
    psi: float, z: float, rows: float, verdict: bool
) -> None:
    assert is_drift(psi, z, rows) is verdict


@pytest.mark.parametrize(
    ("ratio", "z", "rows", "verdict"),
    [(0.13, 4.6, 100, True), (0.12, 4.6, 100, False), (0.13, 4.5, 100, False),
     (0.13, 4.6, 99, False), (0.13, math.nan, 100, False)],
)  # fmt: skip
def test_anomalies_need_effect_and_significance_and_rows(
    ratio: float, z: float, rows: float, verdict: bool
) -> None:
    assert is_anomalous(ratio, 0.1, z, rows) is verdict


@pytest.mark.parametrize(
    ("counts", "reference", "message"),
    [
        ([1], [1], "expected the same bins, two or more, got 1, 1"),
        ([1, 2], [1, 2, 3], "expected the same bins, two or more, got 2, 3"),
        ([1, -2], [1, 2], "expected counts of 0 or more, and a reference with rows"),
        ([1, 2], [0, 0], "expected counts of 0 or more, and a reference with rows"),
    ],
)
def test_counts_that_belong_to_no_profile_are_refused(
    counts: list[float], reference: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        measure_drift(counts, reference)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [50, 200, 1_000, 5_000])
def test_chance_alone_is_significant_no_more_often_than_it_says(rows: int) -> None:
    """Of 2,500 trials, z is above 3.09 at most as often as its nominal 0.1 %."""
    random = np.random.default_rng(rows)
    shares = np.full(10, 0.1)
    found = [
        measure_drift(random.multinomial(rows, shares), random.multinomial(10_000, shares))
        for _ in range(2_500)
    ]
    alarms = sum(one.z > norm.ppf(0.999) for one in found)
    # The 99.9 % quantile of a binomial of 2,500 trials at 0.1 % is 8.
    assert alarms <= 8
    assert not any(one.drifting for one in found)
    assert sum(one.z > 1.645 for one in found) / len(found) < 0.06


@pytest.mark.parametrize(("bins", "alpha"), [(2, 0.01), (5, 0.001), (10, 0.01), (10, 1e-5)])
def test_the_visible_psi_is_found_with_the_power_that_is_named(bins: int, alpha: float) -> None:
    scale = 1 / 2_000 + 1 / 8_000
    shift = visible_psi(scale, bins, alpha) / scale
    critical = chi2.isf(alpha, bins - 1)
    assert ncx2.sf(critical, bins - 1, shift) == pytest.approx(0.8, abs=0.06)
