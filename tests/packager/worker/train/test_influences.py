"""Influences: their mean is 0, and their spread is the metric's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from packager.worker.train.influences import (
    auc_influences,
    class_influences,
    r2_influences,
)

CODES = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=2, max_size=60)


@given(CODES)
def test_the_mean_of_influences_is_zero(pairs: list[tuple[int, int]]) -> None:
    truth, guess = np.array(pairs).T
    found = class_influences(truth, guess)
    assert {name: pytest.approx(0, abs=1e-9) for name in found} == {
        name: values.mean() for name, values in found.items()
    }


def test_a_row_more_moves_the_metric_as_its_influence_says() -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 3, 3_000)
    guess = np.where(draw.random(3_000) < 0.7, truth, draw.integers(0, 3, 3_000))
    influences = class_influences(truth, guess)
    for name, measure in (
        ("balanced_accuracy", metrics.balanced_accuracy_score),
        ("f1_macro", lambda t, g: metrics.f1_score(t, g, average="macro")),
    ):
        whole = measure(truth, guess)
        for row in (0, 1, 2):
            twice = np.append(np.arange(3_000), row)
            moved = (measure(truth[twice], guess[twice]) - whole) * 3_000
            assert moved == pytest.approx(influences[name][row], abs=0.01), name


def test_the_influence_on_the_area_is_its_change() -> None:
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 2, 2_000)
    scores = np.column_stack([-(s := draw.normal(truth, 1)), s])
    influence = auc_influences(truth, scores, [1])
    whole = metrics.roc_auc_score(truth, scores[:, 1])
    twice = np.append(np.arange(2_000), 5)
    moved = metrics.roc_auc_score(truth[twice], scores[twice, 1]) - whole
    assert 2_000 * moved == pytest.approx(influence[5], abs=0.02)


def test_the_influence_on_r2_is_its_change() -> None:
    draw = np.random.default_rng(2)
    truth = draw.normal(size=2_000)
    error = draw.normal(0, 0.5, 2_000)
    influence = r2_influences(truth, error)
    whole = metrics.r2_score(truth, truth + error)
    twice = np.append(np.arange(2_000), 7)
    moved = metrics.r2_score(truth[twice], (truth + error)[twice]) - whole
    assert 2_000 * moved == pytest.approx(influence[7], abs=0.02)
