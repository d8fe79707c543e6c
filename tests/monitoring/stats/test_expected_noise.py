"""Expected losses that were estimated from other rows have noise that slices share."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.stats.expected_noise import ExpectedNoise
from monitoring.stats.slice_tests import Losses, SliceTest

ROWS = 20_000


def calibrated(
    seed: int, known: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bins and wrong answers of new rows, and the shares of right ones in ``known`` other rows."""
    draw = np.random.default_rng(seed)
    right = np.array([0.55, 0.7, 0.8, 0.9, 0.97])
    counts = np.full(5, known // 5)
    values = draw.binomial(counts, right) / counts
    bins = draw.integers(0, 5, ROWS)
    loss = (draw.random(ROWS) > right[bins]).astype(float)
    return bins, loss, values, counts.astype(float), draw.random(ROWS)


def share_below(level: float, known: int, *, told: bool) -> float:
    """How often a slice of one confidence has p below ``level`` although nothing is weak."""
    hits = 0
    for seed in range(400):
        bins, loss, values, counts, _ = calibrated(seed, known)
        noise = ExpectedNoise.of_shares(bins, values, counts) if told else None
        losses = Losses(loss, 1 - values[bins], noise=noise)
        inside = bins == 1
        hits += SliceTest(losses).excess(inside, ~inside).p < level
    return hits / 400


@pytest.mark.slow
def test_a_slice_of_one_confidence_is_no_weaker_than_its_estimate_is_sure() -> None:
    assert share_below(0.01, 2_000, told=False) > 0.15
    assert share_below(0.01, 2_000, told=True) <= 0.02


def test_a_true_excess_is_still_found() -> None:
    bins, loss, values, counts, place = calibrated(1, 2_000)
    weak = place < 0.05
    loss = np.where(weak & (place < 0.01), 1.0, loss)
    losses = Losses(loss, 1 - values[bins], noise=ExpectedNoise.of_shares(bins, values, counts))
    found = SliceTest(losses).excess(weak, ~weak)
    assert found.p < 1e-6
    low, high = SliceTest(losses).interval(weak, ~weak, 0.95)
    assert low < found.excess < high


def test_noise_that_both_sides_share_cancels() -> None:
    bins = np.array([0, 1, 0, 1])
    noise = ExpectedNoise(bins, np.array([0.04, 0.01]))
    first, second = np.array([True, True, False, False]), np.array([False, False, True, True])
    assert noise.error(first) == pytest.approx(np.sqrt(0.25 * 0.05))
    assert noise.error(first, second) == 0
    assert noise.part(np.array([0, 2])).error(np.array([True, False])) == pytest.approx(0.2)


def test_a_share_of_all_is_not_known_without_error() -> None:
    noise = ExpectedNoise.of_shares(np.array([0]), np.array([1.0]), np.array([9.0]), 2.0)
    assert noise.variances[0] == pytest.approx(0.95 * 0.05 / 10 * 2)
    small = ExpectedNoise.of_shares(np.array([0]), np.array([1.0]), np.array([9.0]), 0.5)
    assert small.variances[0] == pytest.approx(0.95 * 0.05 / 10)


def test_the_interval_has_the_noise() -> None:
    bins, loss, values, counts, _ = calibrated(3, 500)
    inside = bins == 0
    own = 1 - values[bins]
    noise = ExpectedNoise.of_shares(bins, values, counts)
    known = SliceTest(Losses(loss, own)).interval(inside, ~inside, 0.95)
    told = SliceTest(Losses(loss, own, noise=noise)).interval(inside, ~inside, 0.95)
    assert told[1] - told[0] > 3 * (known[1] - known[0])
