"""The area from bins against scikit-learn's from rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from monitoring.stats.score_histograms import BINS, roc_area_of, score_histogram


@pytest.mark.parametrize("share", [0.5, 0.1, 0.005])
@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("decimals", [12, 2])
def test_the_area_is_that_of_the_rows(share: float, strength: float, decimals: int) -> None:
    draw = np.random.default_rng(round(1000 * share))
    truth = draw.random(20_000) < share
    scores = 1 / (1 + np.exp(2 - strength * (draw.normal(size=20_000) + 2 * truth)))
    scores = np.round(scores, decimals)
    found = score_histogram(scores, truth)
    assert roc_area_of(found) == pytest.approx(roc_auc_score(truth, scores), abs=0.002)
    assert len(found.positive) == len(found.negative) == len(found.edges) + 1 <= BINS
    assert found.positive.sum() + found.negative.sum() == 20_000


def test_a_single_class_has_no_area() -> None:
    assert math.isnan(roc_area_of(score_histogram(np.array([0.2, 0.4]), np.array([True, True]))))


def test_no_edge_is_a_score() -> None:
    scores = np.random.default_rng(0).random(50)
    assert not set(score_histogram(scores, scores > 0.5).edges) & set(scores)
