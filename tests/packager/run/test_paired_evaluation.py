"""Comparisons of several slices and outputs: p-values are adjusted for their number."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.slices.slices import ALL
from packager.run.output_scores import OUTPUT_MEASURES
from packager.run.paired_evaluation import adjusted_outputs, compare_scores

MEASURE = OUTPUT_MEASURES["label"]


def scores(gain: float, rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    one = (draw.random(rows) < 0.7).astype(float)
    other = np.where((one == 0) & (draw.random(rows) < gain), 1.0, one)
    return one, other


def test_slices_are_adjusted_and_all_rows_are_not() -> None:
    found = compare_scores(
        {ALL: scores(0.2), "a": scores(0.2, 100, 1), "b": scores(0.0, 100, 2)}, MEASURE, {}
    )
    assert found.overall.difference > 0
    assert found.sentence.startswith("the second is better: accuracy")
    assert found.q["a"] == pytest.approx(min(1.0, 2 * found.slices["a"].p))
    assert found.q["b"] == 1.0
    assert found.by_sample == ("a", "b")


def test_few_rows_decide_nothing() -> None:
    few = compare_scores({ALL: (np.zeros(4), np.ones(4))}, MEASURE, {})
    assert few.sentence.startswith("too few rows to decide: accuracy 0.0000 and 1.0000 on 4 rows")


def test_outputs_are_adjusted_for_their_number() -> None:
    each = {
        name: compare_scores({ALL: scores(0.05, seed=at)}, MEASURE, {})
        for at, name in enumerate("xyz")
    }
    adjusted = adjusted_outputs(each)
    smallest = min(one.overall.p for one in each.values())
    assert min(one.overall.p for one in adjusted.values()) >= smallest
    assert {name: one.overall.difference for name, one in adjusted.items()} == {
        name: one.overall.difference for name, one in each.items()
    }
