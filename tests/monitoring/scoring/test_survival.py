"""Metrics of survival, against the definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from monitoring.scoring.survival import (
    brier,
    concordance,
    curve_metrics,
    kaplan_meier,
    risk_metrics,
)


def test_the_curve_of_kaplan_and_meier() -> None:
    # Events at 1, 3 and 5 of 5, 3 and 1 rows at risk; rows are censored at 2 and 4.
    curve = kaplan_meier(np.array([1.0, 2, 3, 4, 5]), np.array([True, False, True, False, True]))
    assert curve.times.tolist() == [1, 3, 5]
    assert curve.shares == pytest.approx([4 / 5, 4 / 5 * 2 / 3, 0])
    assert curve.at(np.array([0.5, 1, 2.9])) == pytest.approx([1, 0.8, 0.8])
    assert curve.at(np.array([1.0]), before=True).tolist() == [1]


def test_concordance_against_all_pairs() -> None:
    random = np.random.default_rng(8)
    times, events = random.integers(1, 20, 60).astype(float), random.random(60) < 0.6
    risks = np.round(-times + random.normal(size=60) * 8)
    right = pairs = 0.0
    for one, other in itertools.permutations(range(60), 2):
        later = times[other] > times[one] or (times[other] == times[one] and not events[other])
        if events[one] and later:
            pairs += 1
            right += 1 if risks[one] > risks[other] else 0.5 * (risks[one] == risks[other])
    assert concordance(times, events, risks) == pytest.approx(right / pairs)


def test_the_brier_score_without_censoring_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(9)
    times, alive = random.exponential(5, 100), random.random(100)
    events = np.ones(100, np.bool_)
    column = brier(times, events, alive, 3.0, kaplan_meier(times, ~events))
    assert column.mean() == pytest.approx(brier_score_loss(times > 3, alive))


def test_the_brier_score_weighs_what_censoring_hides() -> None:
    times, events = np.array([1.0, 2.0, 9.0, 9.0]), np.array([False, True, True, True])
    censoring = kaplan_meier(times, ~events)  # 3 of 4 rows are seen after time 1
    column = brier(times, events, np.array([0.5, 0.2, 0.9, 0.8]), 3.0, censoring)
    assert column == pytest.approx([0, 0.04 / 0.75, 0.01 / 0.75, 0.04 / 0.75])


def test_curves_have_a_score_at_each_time_and_a_concordance() -> None:
    times, events = [1.0, 5.0], [True, True]
    censoring = kaplan_meier(np.array(times), np.array([False, False]))
    found = curve_metrics((times, events), [[0.1, 0.0], [1.0, 0.9]], (2.0, 4.0), censoring)
    assert found["brier_2"].value == pytest.approx(0.005)
    assert found["brier"].value == pytest.approx(0.005)
    assert found["concordance"].value == 1


def test_without_a_comparable_pair_there_is_no_concordance() -> None:
    assert risk_metrics([1.0, 2.0], [False, False], [1.0, 2.0]) == {}
