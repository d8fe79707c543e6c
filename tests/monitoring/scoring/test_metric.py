"""Metrics with the influence of each row."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.scoring.metric import average, matrix, mean, ratio, root_mean


def test_a_ratio_of_sums_and_its_influences() -> None:
    found = ratio(np.array([1.0, 0.0, 2.0]), np.array([1.0, 1.0, 2.0]))
    assert found is not None
    assert found.value == 0.75
    assert found.influence is not None
    assert found.influence.mean() == pytest.approx(0)
    assert ratio(np.zeros(2), np.zeros(2)) is None


def test_the_influences_of_a_root_are_those_of_the_delta_method() -> None:
    squares = np.array([1.0, 4.0, 4.0])
    found = root_mean(squares)
    assert found is not None
    changed = root_mean(np.append(squares, 4.0))
    assert changed is not None
    assert found.influence is not None
    assert changed.value - found.value == pytest.approx(found.influence[1] / 4, rel=0.1)


def test_nan_is_left_out() -> None:
    found = mean(np.array([1.0, np.nan, 3.0]))
    assert found is not None
    assert found.value == 2
    assert mean(np.array([np.nan])) is None


def test_an_average_of_metrics_has_the_mean_influence() -> None:
    one, other = mean(np.array([0.0, 1.0])), mean(np.array([1.0, 1.0]))
    assert one is not None
    assert other is not None
    found = average([one, other])
    assert found is not None
    assert found.value == 0.75
    assert found.influence is not None
    assert found.influence.tolist() == [-0.25, 0.25]
    assert average([]) is None


def test_a_matrix_has_nan_for_nulls() -> None:
    found = matrix([[[1, 2], [3, None]], None])
    assert found.shape == (2, 4)
    assert np.isnan(found[0, 3])
    assert np.isnan(found[1]).all()
