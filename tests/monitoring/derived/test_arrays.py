"""Arrays: distances to a centroid, pooled where arrays are large, and nothing not finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.derived.arrays import MAX_POOLED, STEP, ArrayCells, centroid_of

RANDOM = np.random.default_rng(7)


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


def test_the_nearest_centre_is_of_other_arrays() -> None:
    corners = np.repeat([[0.0, 0.0], [8.0, 8.0]], 100, axis=0) + RANDOM.normal(0, 0.1, (200, 2))
    learned, reference = cells(corners).learn_nearest()
    assert len(reference) == 100  # half of them: the centres are of the others
    assert reference.max() < 1
    near, between, gone = ArrayCells.of([corners[0], np.array([4.0, 4.0]), None]).measured(
        "nearest", learned
    )
    assert near < 1
    assert between == pytest.approx(32**0.5, abs=0.5)
    assert np.isnan(gone)
    assert np.isnan(cells(np.zeros((1, 3))).measured("nearest", learned)).all()  # of another size


@given(st.integers(1, 50), st.integers(1, 4))
def test_distances_to_the_nearest_centre_are_those_of_one_array_at_a_time(
    rows: int, width: int
) -> None:
    block = np.random.default_rng(rows).normal(size=(rows, width)).astype(np.float32)
    learned, reference = cells(block).learn_nearest()
    assert len(reference) == rows - len(block[::2])
    whole = cells(block).measured("nearest", learned)
    single = [cells(block[at : at + 1]).measured("nearest", learned)[0] for at in range(rows)]
    assert whole.tolist() == single
    assert reference.tolist() == whole[1::2].tolist()


def test_a_large_array_is_reduced_before_its_centres_are_learned() -> None:
    learned, _ = cells(RANDOM.normal(size=(60, 64, 64))).learn_nearest()
    assert learned.startswith("128:")
    assert len(learned) < 16 * 128 * 4 * 4 / 3 + 10
