"""Tests of one slice against a baseline, which is a sample itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitoring.stats.accuracy import MeanBaseline
from monitoring.stats.slice_tests import Losses, SliceTest

INSIDE = np.arange(400) < 150


def against(loss: np.ndarray, known: MeanBaseline | None, value: float) -> SliceTest:
    return SliceTest(Losses(loss, np.full(len(loss), value), None, known))


def called(kind: str, *, counted: bool, runs: int = 400) -> float:
    """How often p <= 0.05 where nothing is weak; the baseline is drawn anew with 100 rows.

    The rest is better than the baseline, so that only the slice's own excess is tested.
    """
    draw, hits = np.random.default_rng(0), 0
    for _ in range(runs):
        if kind == "wrong":
            loss, before = (draw.random(n) < 0.2 for n in (400, 100))
            loss, before = loss.astype(float), before.astype(float)
        else:
            loss, before = (draw.gamma(2, 1, n) for n in (400, 100))
        loss[~INSIDE] = np.where(np.arange(250) % 20 == 0, 1.0, 0.0)
        known = MeanBaseline(before.mean(), before.var(), 100)
        found = against(loss, known if counted else None, known.value)
        hits += found.excess(INSIDE, ~INSIDE).p <= 0.05
    return hits / runs


@pytest.mark.parametrize("kind", ["wrong", "errors"])
def test_the_noise_of_the_baseline_is_counted(kind: str) -> None:
    assert called(kind, counted=True) <= 0.07
    assert called(kind, counted=False) >= 0.1


def test_the_tests_are_fisher_s_and_welch_s() -> None:
    draw = np.random.default_rng(1)
    wrong = (draw.random(400) < np.where(INSIDE, 0.3, 0.05)).astype(float)
    found = against(wrong, MeanBaseline(0.2, 0.16, 300), 0.2).excess(INSIDE, ~INSIDE)
    hits = int(wrong[INSIDE].sum())
    table = [[hits, 150 - hits], [60, 240]]
    assert found.p == pytest.approx(stats.fisher_exact(table, "greater").pvalue)
    errors = draw.gamma(2, np.where(INSIDE, 1.2, 0.1))
    before = draw.gamma(2, 1, 300)
    known = MeanBaseline(before.mean(), before.var(ddof=1), 300)
    found = against(errors, known, known.value).excess(INSIDE, ~INSIDE)
    expected = stats.ttest_ind(errors[INSIDE], before, equal_var=False, alternative="greater")
    assert found.p == pytest.approx(expected.pvalue)
    low, high = against(errors, known, known.value).interval(INSIDE, ~INSIDE, 0.95)
    ends = stats.ttest_ind(errors[INSIDE], before, equal_var=False).confidence_interval(0.95)
    assert (low, high) == pytest.approx((ends.low, ends.high))


def test_the_interval_of_a_share_has_the_baseline_s_part() -> None:
    wrong = (np.arange(400) % 4 == 0).astype(float)
    low, high = against(wrong, MeanBaseline(0.1, 0.09, 50), 0.1).interval(INSIDE, ~INSIDE, 0.95)
    sure = against(wrong, None, 0.1).interval(INSIDE, ~INSIDE, 0.95)
    assert low < sure[0] < sure[1] < high


def test_one_held_out_row_is_no_baseline() -> None:
    loss = np.random.default_rng(2).gamma(2, 1, 400)
    found = against(loss, MeanBaseline(0.1, 0.0, 1), 0.1).excess(INSIDE, ~INSIDE)
    assert found.p == pytest.approx(0.5)
