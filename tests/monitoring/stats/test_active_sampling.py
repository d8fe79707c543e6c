from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.stats.active_sampling import (
    ExpectedLosses,
    anticipated_variance,
    design_effect,
    weighted_mean,
)
from monitoring.stats.selection import draw, inclusion_probabilities

losses = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40)


@given(losses)
def test_equal_probabilities_give_the_mean_and_student_s_interval(values):
    found = weighted_mean(np.array(values), np.full(len(values), 0.3), finite=False)
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    assert found.variance == pytest.approx(np.var(values, ddof=1) / len(values), abs=1e-9)
    assert found.effective_rows == pytest.approx(len(values))


def test_the_interval_of_normal_losses_is_that_of_scipy():
    half = np.random.default_rng(1).normal(size=200)
    values = np.concatenate([half, -half])
    found = weighted_mean(values, np.full(400, 0.01), finite=False)
    expected = stats.t.interval(0.95, found.degrees, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert 200 < found.degrees < 400


def test_rows_that_were_certain_have_no_error_unless_they_stand_for_others():
    values, certain = np.array([0.0, 1, 1, 0]), np.ones(4)
    found = weighted_mean(values, certain)
    assert (found.value, found.low, found.high, found.variance) == (0.5, 0.5, 0.5, 0.0)
    assert weighted_mean(values, certain, finite=False).variance == pytest.approx(1 / 12)


@given(losses, st.data())
def test_a_shift_of_all_losses_shifts_the_estimate(values, data):
    n = len(values)
    chances = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=n, max_size=n)))
    plain, moved = (weighted_mean(np.array(values) + by, chances) for by in (0.0, 5.0))
    assert moved.value == pytest.approx(plain.value + 5, abs=1e-6)
    assert moved.variance == pytest.approx(plain.variance, abs=1e-6)


def test_expectations_that_are_right_leave_no_error():
    values = np.array([0.1, 0.5, 0.9])
    found = weighted_mean(values, np.full(3, 0.1), expected=ExpectedLosses(values, 0.4))
    assert found.value == pytest.approx(0.4)
    assert found.variance == pytest.approx(0)


def test_totals_are_unbiased_by_enumeration_of_all_samples_of_equal_chance():
    population = np.array([0.0, 1, 0, 0, 1])
    expected = np.array([0.2, 0.6, 0.1, 0.3, 0.5])
    found = [
        weighted_mean(
            population[list(places)],
            np.full(2, 0.4),
            expected=ExpectedLosses(expected[list(places)], float(expected.mean())),
        )
        for places in combinations(range(5), 2)
    ]
    assert np.mean([one.value for one in found]) == pytest.approx(population.mean())
    errors = [one.value - population.mean() for one in found]
    assert np.mean([one.variance for one in found]) == pytest.approx(np.mean(np.square(errors)))


def population(wrongly: float = 1.0):
    """Errors of 2,000 rows with probabilities of a calibrated model, and what it expects."""
    random = np.random.default_rng(11)
    expected = np.clip(random.beta(0.3, 2.5, 2_000), 0.004, 0.7)
    values = (random.random(2_000) < np.clip(wrongly * expected, 0, 1)).astype(np.float64)
    return values, expected, random.integers(0, 2**64, 2_000, np.uint64)


@pytest.mark.slow
@pytest.mark.parametrize(("wrongly", "assisted"), [(1.0, True), (1.8, True), (1.0, False)])
def test_estimates_are_unbiased_and_their_intervals_cover(wrongly, assisted):
    values, expected, hashes = population(wrongly)
    deviation = np.sqrt(expected * (1 - expected))
    sizes = 0.2 / 2_000 + 0.8 * deviation / deviation.sum()
    chances = inclusion_probabilities(sizes, 200)
    errors, variances, covered = [], [], []
    for seed in range(200):
        own = draw(chances, hashes, seed)
        known = ExpectedLosses(expected[own], float(expected.mean())) if assisted else None
        found = weighted_mean(values[own], chances[own], expected=known, share=True)
        errors.append(found.value - values.mean())
        variances.append(found.variance)
        covered.append(found.low <= values.mean() <= found.high)
    spread = float(np.std(errors))
    assert abs(np.mean(errors)) < 4 * spread / np.sqrt(200)
    assert np.sqrt(np.mean(variances)) == pytest.approx(spread, rel=0.25)
    assert np.mean(covered) > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 200)


def test_a_slice_is_estimated_from_its_chosen_rows_alone():
    values, expected, hashes = population()
    slice_ = np.arange(2_000) % 5 == 0
    chances = inclusion_probabilities(np.sqrt(expected) + 0.1, 400)
    errors, covered = [], []
    for seed in range(150):
        own = draw(chances, hashes, seed)
        own = own[slice_[own]]
        known = ExpectedLosses(expected[own], float(expected[slice_].mean()))
        found = weighted_mean(values[own], chances[own], expected=known, share=True)
        errors.append(found.value - values[slice_].mean())
        covered.append(found.low <= values[slice_].mean() <= found.high)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(150)
    assert np.mean(covered) > 0.9


def test_labels_that_never_came_back_bias_nothing():
    values, expected, hashes = population()
    chances = inclusion_probabilities(np.sqrt(expected) + 0.1, 400)
    random = np.random.default_rng(5)
    errors = []
    for seed in range(150):
        own = draw(chances, hashes, seed)
        own = own[random.random(len(own)) < 0.5]
        known = ExpectedLosses(expected[own], float(expected.mean()))
        errors.append(weighted_mean(values[own], chances[own], expected=known).value)
    assert abs(np.mean(errors) - values.mean()) < 4 * np.std(errors) / np.sqrt(150)


def test_intervals_of_skewed_losses_reach_further_up_and_cover_more_often():
    """Log-normal errors, 40 labels each: Student's interval alone covers 88 % of the time."""
    random = np.random.default_rng(6)
    covered, plain = 0, 0
    for _ in range(300):
        values = np.exp(random.normal(size=40))
        found = weighted_mean(values, np.full(40, 0.01), finite=False)
        assert found.high - found.value > found.value - found.low
        half = stats.t.ppf(0.975, 39) * found.error
        covered += found.low <= np.exp(0.5) <= found.high
        plain += abs(found.value - np.exp(0.5)) <= half
    assert plain < covered
    assert covered >= 0.9 * 300


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_labels_are_no_certainty(value):
    found = weighted_mean(np.full(50, value), np.full(50, 0.1), share=True)
    assert (found.low, found.high) == pytest.approx(
        (0.0, 0.0733) if value == 0 else (0.9267, 1.0), abs=2e-3
    )


def test_one_label_has_no_interval():
    found = weighted_mean(np.array([1.0]), np.array([0.5]))
    assert np.isnan([found.variance, found.low, found.high]).all()


@given(losses, st.data())
def test_the_interval_holds_the_estimate_of_a_share_within_0_and_1(values, data):
    n = len(values)
    chances = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=n, max_size=n)))
    binary = (np.array(values) > 0).astype(np.float64)
    found = weighted_mean(binary, chances, share=True)
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1


@pytest.mark.parametrize(
    ("values", "chances", "message"),
    [
        ([], [], "as many losses"),
        ([1.0], [0.5, 0.5], "as many losses"),
        ([1.0], [0.0], "above 0"),
        ([1.0], [1.5], "above 0"),
        ([np.nan], [0.5], "finite"),
    ],
)
def test_what_is_no_loss_or_probability_is_refused(values, chances, message):
    with pytest.raises(ValueError, match=message):
        weighted_mean(np.array(values), np.array(chances))


def test_the_variance_before_any_label_is_that_of_the_estimates():
    values, expected, hashes = population()
    chances = inclusion_probabilities(np.sqrt(expected * (1 - expected)), 200)
    anticipated = anticipated_variance(chances, expected * (1 - expected))
    errors = []
    for seed in range(150):
        own = draw(chances, hashes, seed)
        known = ExpectedLosses(expected[own], float(expected.mean()))
        errors.append(weighted_mean(values[own], chances[own], expected=known).value)
    assert np.var(errors) == pytest.approx(anticipated, rel=0.35)
    found = weighted_mean(values[own], chances[own], expected=known)
    simple = float(values.var())
    assert design_effect(found, simple) == pytest.approx(found.variance / (simple / 200))
