"""Accuracy by slice: intervals, tests against the baseline, verdicts."""

from __future__ import annotations

import math

import pytest

from monitoring.stats.accuracy import (
    accuracy_regressed,
    mae_regressed,
    mae_z,
    share_z,
)


def test_without_labels_nothing_is_claimed() -> None:
    assert math.isnan(share_z(0, 0, 0.9, 100))
    assert math.isnan(mae_z(0, 0, 0, 1.0, 100))
    assert not accuracy_regressed(0, 0, 0.9, 100)
    assert not mae_regressed(0, 0, 0, 1.0, 100)


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
    # Errors of 1 and 3 in turn: mean 2, variance 1.
    assert mae_z(480, 1_200, 240, 1.6, 800) == pytest.approx(0.4 / math.sqrt(1 / 240 + 1 / 800))
    assert mae_regressed(480, 1_200, 240, 1.6, 800)
    assert not mae_regressed(480, 1_200, 240, 1.9, 800)
    assert not mae_regressed(98, 245, 49, 1.0, 800)
