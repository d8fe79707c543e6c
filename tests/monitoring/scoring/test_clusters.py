"""Metrics of groups, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from monitoring.scoring.clusters import MAX_SAMPLE, cluster_metrics, silhouette


@pytest.mark.parametrize("groups", [2, 5])
def test_the_silhouette_is_that_of_scikit_learn(groups: int) -> None:
    random = np.random.default_rng(groups)
    places = random.integers(0, groups, 150)
    places[0] = 99  # a group of one row
    rows = random.normal(size=(150, 3)) + places[:, None] % groups
    assert silhouette(rows, places) == pytest.approx(silhouette_score(rows, places))


def test_equal_rows_have_the_silhouette_0() -> None:
    assert silhouette(np.ones((6, 2)), np.array([0, 0, 0, 1, 1, 1])) == 0


def test_sizes() -> None:
    found = cluster_metrics([0, 0, 0, 1], None)
    assert found["clusters"].value == 2
    assert found["largest_share"].value == 0.75
    assert found["share_1"].value == 0.25
    assert "silhouette" not in found


def test_features_of_other_units_count_alike() -> None:
    random = np.random.default_rng(0)
    places = random.integers(0, 2, 200)
    rows = random.normal(size=(200, 2)) + 5 * places[:, None]
    one = cluster_metrics(places.tolist(), rows)["silhouette"].value
    other = cluster_metrics(places.tolist(), rows * [1, 1e6])["silhouette"].value
    assert one == pytest.approx(other)
    assert one > 0.5


def test_of_many_rows_a_sample_is_measured_and_rows_with_nulls_are_not() -> None:
    places = np.arange(5 * MAX_SAMPLE) % 2
    rows = np.stack([places * 9.0, np.zeros(len(places))], axis=1)
    rows[::7] = np.nan
    assert cluster_metrics(places.tolist(), rows)["silhouette"].value == pytest.approx(1)


def test_of_one_group_there_is_no_silhouette() -> None:
    assert "silhouette" not in cluster_metrics([1, 1], np.ones((2, 1)))
