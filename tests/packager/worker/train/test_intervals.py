"""95 % intervals of metrics hold the truth about 95 times in a hundred."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from packager.worker.train.intervals import (
    auc_interval,
    classification_intervals,
    mean_interval,
    regression_intervals,
    share_interval,
)

CODES = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=2, max_size=60)


def values(truth, guess):
    return {
        "balanced_accuracy": np.mean(
            [(guess[truth == code] == code).mean() for code in np.unique(truth)]
        ),
        "f1_macro": f1_score(truth, guess, average="macro", labels=np.unique([truth, guess])),
    }


@given(CODES)
def test_shares_stay_between_0_and_1_around_their_value(pairs):
    truth, guess = np.array(pairs).T
    told = {"balanced_accuracy": 0.5, "f1_macro": 0.5}
    for low, high in classification_intervals(truth, guess, told).values():
        assert 0 <= low <= high <= 1


def test_balanced_accuracy_and_f1_are_covered_about_95_times_in_100():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 2, 200_000)
    guess = np.where(draw.random(len(truth)) < 0.2, 1 - truth, truth)
    whole = values(truth, guess)
    inside = dict.fromkeys(whole, 0)
    for _ in range(300):
        some = draw.integers(0, len(truth), 150)
        found = classification_intervals(truth[some], guess[some], values(truth[some], guess[some]))
        for name, (low, high) in found.items():
            if name in whole:
                inside[name] += low <= whole[name] <= high
    assert all(0.9 < count / 300 <= 1 for count in inside.values()), inside


def test_a_few_right_answers_are_no_certainty():
    ones = np.ones(5, int)
    truth = np.array([0, 1, 1, 1, 1])
    assert balanced_accuracy_score(truth, truth) == 1
    found = classification_intervals(truth, truth, {"balanced_accuracy": 1.0, "f1_macro": 1.0})
    assert found["balanced_accuracy"][0] < 0.5
    assert found["accuracy"][0] > found["balanced_accuracy"][0]
    assert share_interval(1.0, np.zeros(5), 5) == share_interval(1.0, 0.0 * ones, 5)


def test_the_auc_is_within_its_interval_and_a_tie_counts_half():
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 2, 200)
    scores = np.round(np.clip(truth * 0.3 + draw.random(200), 0, 1), 1)
    chances = np.column_stack([1 - scores, scores])
    value = roc_auc_score(truth, scores)
    low, high = auc_interval(truth, chances, [1], value)
    assert 0.5 < low < value < high < 1
    assert auc_interval(truth, chances, [0, 1], value) == pytest.approx((low, high))


def test_errors_have_the_interval_of_a_mean():
    truth = np.arange(50.0)
    error = np.random.default_rng(2).normal(1, 2, 50)
    found = regression_intervals(truth, truth + error)
    assert found["bias"] == pytest.approx(mean_interval(error))
    assert found["mae"][0] < np.abs(error).mean() < found["mae"][1]
    assert found["rmse"][0] < np.sqrt((error**2).mean()) < found["rmse"][1]
    assert found["r2"][1] <= 1


def test_one_row_has_no_interval_and_a_constant_target_no_r2():
    assert mean_interval(np.array([1.0])) is None
    assert regression_intervals(np.array([1.0]), np.array([2.0])) == {}
    assert "r2" not in regression_intervals(np.ones(5), np.arange(5.0))


def test_numbers_that_overflow_have_no_interval():
    found = regression_intervals(np.array([0.0, 1e308]), np.array([1e308, -1e308]))
    assert all(np.isfinite(ends).all() for ends in found.values())
