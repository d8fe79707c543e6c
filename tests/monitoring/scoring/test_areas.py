"""Areas under curves, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from monitoring.scoring.areas import average_precision, roc_area, roc_influence


@pytest.mark.parametrize("digits", [1, 8])
def test_areas_are_those_of_scikit_learn_with_and_without_ties(digits: int) -> None:
    random = np.random.default_rng(digits)
    positive = random.random(300) < 0.3
    scores = np.round(random.normal(size=300) + positive, digits)
    assert roc_area(positive, scores) == pytest.approx(roc_auc_score(positive, scores))
    found = average_precision(positive, scores)
    assert found == pytest.approx(average_precision_score(positive, scores))


def test_the_influence_of_rows_has_the_mean_0() -> None:
    positive = np.array([True, True, False, False, False])
    influence = roc_influence(positive, np.array([3.0, 1.0, 2.0, 0.0, -1.0]))
    assert influence.mean() == pytest.approx(0)
    assert influence.std() > 0
