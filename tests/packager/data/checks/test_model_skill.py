"""A model no better than chance, or than the median, contradicts no label."""

from __future__ import annotations

import numpy as np
import pytest

from packager.data.checks.cross_validation import OutOfFoldPredictions
from packager.data.checks.issue import NotApplicableError
from packager.data.checks.model_skill import check_skill


def classes(answers: list[list[float]], given: list[int]) -> OutOfFoldPredictions:
    return OutOfFoldPredictions(
        np.arange(len(given)), ("a", "b"), np.array(given, float), np.array(answers)
    )


def test_a_model_no_better_than_chance_judges_nothing():
    labels = [n % 2 for n in range(100)]
    check_skill(classes([[1 - n, n] for n in labels], labels))
    guesses = [[0.4, 0.6] if n % 3 else [0.6, 0.4] for n in range(100)]
    with pytest.raises(NotApplicableError, match=r"no better than chance \(balanced accuracy 0.5"):
        check_skill(classes(guesses, labels))
    rare = [int(n < 3) for n in range(100)]
    with pytest.raises(NotApplicableError, match=r"accuracy 0\.50 of 2 classes, chance"):
        check_skill(classes([[0.97, 0.03]] * 100, rare))
    with pytest.raises(NotApplicableError, match="have one class"):
        check_skill(classes([[0.97, 0.03]] * 100, [0] * 100))


def test_numbers_no_better_than_the_median_judge_nothing():
    draw = np.random.default_rng(5)
    given = draw.normal(size=200)
    rows = np.arange(200)
    check_skill(OutOfFoldPredictions(rows, None, given, given + 0.1))
    with pytest.raises(NotApplicableError, match="no better than the median"):
        check_skill(OutOfFoldPredictions(rows, None, given, draw.normal(size=200)))
