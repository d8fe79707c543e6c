"""Accuracy by slice: intervals, tests against the baseline, verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.stats.accuracy import (
    MeanBaseline,
    accuracy_regressed,
    mean_regressed,
    mean_z,
    share_z,
)


def test_without_labels_nothing_is_claimed() -> None:
    assert math.isnan(share_z(0, 0, 0.9, 100))
    assert math.isnan(mean_z(0, 0, 0, MeanBaseline(1.0, 1.0, 100)))
    assert not accuracy_regressed(0, 0, 0.9, 100)
    assert not mean_regressed(0, 0, 0, MeanBaseline(1.0, 1.0, 100))


def test_the_two_proportion_z_is_that_of_statsmodels() -> None:
    from statsmodels.stats.proportion import proportions_ztest

    expected, _ = proportions_ztest([150, 680], [240, 800])
    assert share_z(150, 240, 0.85, 800) == pytest.approx(expected)


def test_shares_that_are_all_alike_have_no_z() -> None:
    assert math.isnan(share_z(100, 100, 1.0, 50))


def test_a_slice_regresses_by_effect_and_significance_on_enough_labels() -> None:
    assert accuracy_regressed(150, 240, 0.85, 800)
    assert not accuracy_regressed(200, 240, 0.85, 800)  # effect, not significant
    assert not accuracy_regressed(9_880, 10_000, 0.999, 1_000_000)  # significant, no effect
    assert not accuracy_regressed(20, 49, 0.85, 800)  # too few


def test_an_error_regresses_by_effect_and_significance_on_enough_labels() -> None:
    # Errors of 1 and 3 in turn: mean 2, variance 1. Those of the held-out rows vary more.
    known = MeanBaseline(1.6, 4.0, 800)
    assert mean_z(2.0, 1.0, 240, known) == pytest.approx(0.4 / math.sqrt(1 / 240 + 4 / 800))
    assert mean_regressed(2.0, 1.0, 240, known)
    assert not mean_regressed(2.0, 1.0, 240, known._replace(value=1.9))
    assert not mean_regressed(2.0, 5.0, 49, known._replace(value=1.0))
    # The same labels beside a baseline of 20 independent rows.
    assert not mean_regressed(2.0, 1.0, 240, known._replace(rows=20))


def test_the_z_of_a_mean_is_that_of_two_samples() -> None:
    from statsmodels.stats.weightstats import CompareMeans

    draw = np.random.default_rng(0)
    live, before = draw.gamma(1, 3, 400), draw.gamma(2, 1, 900)
    found = mean_z(live.mean(), live.var(), 400, MeanBaseline(before.mean(), before.var(), 900))
    expected, _ = CompareMeans.from_data(live, before).ztest_ind(usevar="unequal")
    assert found == pytest.approx(expected, rel=2e-3)  # n or n - 1 in the variance


def test_errors_that_are_all_alike_are_compared_without_noise() -> None:
    assert mean_z(2.0, 0.0, 100, MeanBaseline(1.0, 0.0, 50)) == math.inf
    assert math.isnan(mean_z(1.0, 0.0, 100, MeanBaseline(1.0, 0.0, 50)))
