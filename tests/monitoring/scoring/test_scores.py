"""Metrics of scores, against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from monitoring.scoring.scores import score_metrics


def test_with_a_truth_of_two_values() -> None:
    random = np.random.default_rng(6)
    truth = random.random(100) < 0.2
    scores = random.normal(size=100) + truth
    found = score_metrics(truth.tolist(), scores.tolist())
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(truth, scores))
    assert found["average_precision"].value == pytest.approx(average_precision_score(truth, scores))


def test_with_other_numbers_the_correlation_of_ranks() -> None:
    random = np.random.default_rng(7)
    truth = np.round(random.normal(size=100), 1)
    scores = np.round(truth + random.normal(size=100), 1)
    found = score_metrics(truth.tolist(), scores.tolist())
    assert found["spearman"].value == pytest.approx(spearmanr(truth, scores).statistic)


def test_without_a_truth_the_distribution() -> None:
    found = score_metrics(None, [1.0, 3.0, None])
    assert found["score_mean"].value == 2
    assert found["score_std"].value == 1
    assert found["score_p50"].value == 2
    assert found["unanswered"].value == pytest.approx(1 / 3)


def test_of_one_kind_of_rows_only_there_is_no_area() -> None:
    assert "roc_auc" not in score_metrics([True, True], [1.0, 2.0])


def test_of_no_answer_there_is_no_distribution() -> None:
    assert [*score_metrics([True, False], [None, None])] == ["unanswered"]
