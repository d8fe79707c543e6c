"""Arrays: distances to a centroid, pooled where arrays are large, and nothing not finite."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.derived.arrays import MAX_POOLED, STEP, ArrayCells, centroid_of


def cells(block: np.ndarray) -> ArrayCells:
    return ArrayCells(block, np.zeros(len(block), bool))


def test_the_distance_to_the_mean_of_the_training_arrays() -> None:
    block = np.array([[0.0, 0], [2, 0], [4, 6]])
    learned = ArrayCells(block, np.array([False, False, True])).learn()
    assert centroid_of(learned).tolist() == [1, 0]  # the last one is null
    assert cells(block).measured("distance", learned).tolist() == [1, 1, pytest.approx(45**0.5)]


def test_a_large_array_is_pooled() -> None:
    block = np.arange(2 * STEP * 2, dtype=np.float32).reshape(2, -1)
    learned = cells(block).learn()
    assert len(centroid_of(learned)) == MAX_POOLED
    near, far = cells(block).measured("distance", learned)
    assert near == pytest.approx(far)
    assert cells(block[:1]).measured("mean", "")[0] == pytest.approx(block[0].mean(dtype=float))


def test_what_is_not_finite_counts_as_zero_in_a_distance() -> None:
    learned = cells(np.zeros((2, 3))).learn()
    found = cells(np.array([[np.nan, np.inf, 3.0]])).measured("distance", learned)
    assert found.tolist() == [3]


def test_an_array_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 3 numbers, got 2"):
        cells(np.zeros((1, 2))).measured("distance", cells(np.zeros((1, 3))).learn())


def test_a_spread_is_exact_far_from_zero() -> None:
    block = np.array([[1e9, 1e9 + 1]])
    assert cells(block).measured("std", "").tolist() == [0.5]
