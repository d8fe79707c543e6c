from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from monitoring.profile.calibration import MAX_STEPS, MIN_ROWS, calibrate

CONFIDENCES = st.lists(st.sampled_from([0.4, 0.5, 0.6, 0.7, 0.9, 1.0]), min_size=100, max_size=200)


@pytest.mark.slow
@given(CONFIDENCES, st.randoms(use_true_random=False))
def test_with_few_distinct_confidences_it_is_scikit_learn_s_isotonic_fit(levels, random) -> None:
    confidences = np.array(levels)
    correct = np.array([random.random() < level for level in levels])
    found = calibrate(confidences, correct)
    expected = IsotonicRegression().fit(confidences, correct.astype(float)).predict(confidences)
    # A block of many rows may hide another level's start from the groups: never with so few.
    assert found.correct_many(confidences) == pytest.approx(expected, abs=1e-9)
    assert sum(found.correct_many(confidences)) == pytest.approx(correct.sum())


@pytest.mark.slow
@given(st.lists(st.floats(0, 1), min_size=100, max_size=400), st.integers(0, 2**32 - 1))
def test_the_table_is_small_and_monotone_and_alike_for_one_and_many(values, seed) -> None:
    confidences = np.array(values)
    correct = np.random.default_rng(seed).uniform(size=len(values)) < confidences
    found = calibrate(confidences, correct)
    assert 1 <= len(found.thresholds) == len(found.values) <= MAX_STEPS
    assert list(found.thresholds) == sorted(set(found.thresholds))
    assert list(found.values) == sorted(found.values)
    assert sum(found.correct_many(confidences)) == pytest.approx(correct.sum())
    assert np.bincount(found.steps(confidences)).tolist() == list(found.counts)
    asked = [0.0, 0.3, 1.0, *values[:20]]
    assert [found.correct(v) for v in asked] == found.correct_many(np.array(asked)).tolist()


def test_overconfidence_is_corrected() -> None:
    random = np.random.default_rng(1)
    true = random.uniform(0.5, 1, 20_000)
    correct = random.uniform(size=20_000) < true
    confident = true**0.3
    found = calibrate(confident, correct)
    fresh = random.uniform(0.8, 1, 50_000)
    estimated = found.correct_many(fresh**0.3).mean()
    assert estimated == pytest.approx(fresh.mean(), abs=0.01)
    assert abs((fresh**0.3).mean() - fresh.mean()) > 0.05


def test_too_few_rows_leave_the_confidence_as_it_is() -> None:
    found = calibrate(np.linspace(0, 1, MIN_ROWS - 1), np.ones(MIN_ROWS - 1, bool))
    assert found.thresholds == ()
    assert found.rows == MIN_ROWS - 1
    assert found.correct(0.3) == 0.3
    assert found.correct_many(np.array([0.3])).tolist() == [0.3]


def test_a_confidence_that_is_no_number_is_left_out_and_stays_so() -> None:
    confidences = np.array([np.nan] * 50 + [0.5] * 100)
    found = calibrate(confidences, np.array([False] * 50 + [True] * 100))
    assert (found.rows, found.values) == (100, (1.0,))
    assert np.isnan(found.correct_many(np.array([np.nan])))[0]
