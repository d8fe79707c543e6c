"""Metrics of rankings, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from monitoring.scoring.queries import ndcg, ranking_metrics


@pytest.mark.parametrize("digits", [0, 6])
def test_metrics_by_query_are_those_of_scikit_learn(digits: int) -> None:
    random = np.random.default_rng(digits)
    queries = random.permutation(np.repeat(np.arange(20), 12))
    relevance = random.integers(0, 4, 240)
    scores = np.round(relevance + random.normal(size=240) * 2, digits)
    found = ranking_metrics(relevance.tolist(), scores.tolist(), queries.tolist(), 5)
    gains, precisions = [], []
    for query in range(20):
        rows = queries == query
        gains.append(ndcg_score([relevance[rows]], [scores[rows]], k=5))
        precisions.append(average_precision_score(relevance[rows] > 0, scores[rows]))
    assert found["ndcg_at_5"].value == pytest.approx(np.mean(gains))
    assert found["map"].value == pytest.approx(np.mean(precisions))
    assert found["queries"].value == 20


def test_equal_scores_do_not_depend_on_the_order_of_rows() -> None:
    sorted_down = ndcg(np.array([3.0, 1.0, 0.0]), np.zeros(3), 3)
    assert sorted_down == pytest.approx(ndcg(np.array([0.0, 1.0, 3.0]), np.zeros(3), 3))
    assert sorted_down < 1


def test_a_query_without_a_relevant_row_is_omitted() -> None:
    found = ranking_metrics([0, 0, 1, 0], [1, 2, 2, 1], ["a", "a", "b", "b"], 10)
    assert found["ndcg_at_10"].value == 1
    assert found["queries"].value == 2


def test_an_unanswered_row_is_last() -> None:
    assert ranking_metrics([1, 0], [None, -5.0], ["a", "a"], 10)["map"].value == 0.5
