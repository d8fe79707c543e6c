"""Centres of points, and the distance to the nearest."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.derived.clusters import MAX_CENTRES, centres_of, evenly, nearest_distances


def test_centres_are_those_of_the_clusters() -> None:
    draw = np.random.default_rng(0)
    true = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = np.concatenate([one + draw.normal(size=(200, 2)) for one in true])
    centres = centres_of(points)
    assert len(centres) <= MAX_CENTRES
    assert nearest_distances(true, centres).max() < 1.5
    assert nearest_distances(np.array([[30.0, 30.0]]), centres)[0] > 20
    assert np.array_equal(centres, centres_of(points))


def test_few_points_have_few_centres() -> None:
    points = np.arange(10.0)[:, np.newaxis]
    assert centres_of(points).tolist() == [[4.5]]
    assert nearest_distances(points, centres_of(points)) == pytest.approx(abs(points[:, 0] - 4.5))


def test_some_positions_are_evenly_spaced() -> None:
    assert evenly(3, 5).tolist() == [0, 1, 2]
    assert evenly(10, 5).tolist() == [0, 2, 4, 6, 8]
