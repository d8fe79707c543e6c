"""Repeated looks: false alarms of a confidence sequence, and of a fixed test for contrast."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from monitoring.stats.accuracy import MeanBaseline, mean_z
from monitoring.stats.sequential import ConfidenceSequence, LastingChange

LOOKS = np.linspace(500, 20_000, 40).astype(int)


def called(gain: float, runs: int, seed: int) -> tuple[float, float, float]:
    """The share of runs called by the sequence and by a fixed test, and the median rows needed.

    A challenger answers 6 % of rows otherwise; ``gain``: how much more often it is right.
    """
    draw = np.random.default_rng(seed)
    sequence, fixed, first = 0, 0, []
    for _ in range(runs):
        better = 0.03 + gain / 2
        kinds = draw.choice([1.0, -1.0, 0.0], LOOKS[-1], p=[better, 0.06 - better, 0.94])
        totals, squares = np.cumsum(kinds)[LOOKS - 1], np.cumsum(kinds**2)[LOOKS - 1]
        seen = []
        for total, square, rows in zip(totals, squares, LOOKS, strict=True):
            low, high = ConfidenceSequence().interval(total, square, rows)
            seen += [rows] if low > 0 or high < 0 else []
        sequence += bool(seen)
        first += seen[:1]
        fixed += bool((np.abs(totals) > 1.96 * np.sqrt(squares)).any())
    return sequence / runs, fixed / runs, float(np.median(first)) if first else math.inf


def test_forty_looks_at_no_difference() -> None:
    sequence, fixed, _ = called(0.0, 200, 0)
    assert sequence <= 0.05
    assert fixed >= 0.2


def test_a_better_challenger_is_recognised() -> None:
    sequence, _, rows = called(0.02, 40, 1)
    assert sequence == 1
    assert rows <= 4_000


def test_few_or_equal_rows_say_nothing() -> None:
    assert ConfidenceSequence().interval(3, 3, 10) == (-math.inf, math.inf)
    assert ConfidenceSequence().interval(0, 0, 1_000) == (-math.inf, math.inf)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_the_width_is_about_the_least_at_the_horizon(level: float) -> None:
    def width(log_horizon: float) -> float:
        return ConfidenceSequence(level, math.exp(log_horizon)).half_width(3_000, 0.2)

    best = optimize.minimize_scalar(width, bounds=(2, 14), method="bounded")
    assert width(math.log(3_000)) == pytest.approx(best.fun, rel=0.002)


def looked_at(fall: float, runs: int) -> tuple[float, float]:
    """The share of runs called by the lasting change, and by a test of 5 % at each of 40 looks.

    Both errors and right answers; the baseline has as many rows as half of the labels.
    """
    draw, lasting, fixed = np.random.default_rng(3), 0, 0
    change = LastingChange(2)
    for _ in range(runs):
        before, live = draw.gamma(1, 1, 10_000), draw.gamma(1, 1 + fall, LOOKS[-1])
        right, now = draw.random(10_000) < 0.8, draw.random(LOOKS[-1]) < 0.8 - fall
        known = MeanBaseline(before.mean(), before.var(), 10_000)
        called, tested = False, False
        for rows in LOOKS:
            mean, variance = live[:rows].mean(), live[:rows].var()
            called |= change.of_mean(mean, variance, rows, known)[0] > 0
            hits = float(now[:rows].sum())
            called |= change.of_share(hits, rows, right.mean(), 10_000)[1] < 0
            tested |= mean_z(mean, variance, rows, known) > 1.645
        lasting, fixed = lasting + called, fixed + tested
    return lasting / runs, fixed / runs


@pytest.mark.slow
def test_forty_looks_at_labels_beside_an_uncertain_baseline() -> None:
    lasting, fixed = looked_at(0.0, 100)
    assert lasting <= 0.05
    assert fixed >= 0.15
    assert looked_at(0.1, 5)[0] == 1


def test_labels_that_are_all_wrong_or_all_alike_are_called() -> None:
    change = LastingChange(10)
    assert change.of_share(0, 200, 0.9, 500)[1] < 0
    assert change.of_share(200, 200, 0.9, 500)[0] > 0
    assert change.of_mean(5.0, 0.0, 200, MeanBaseline(1.0, 2.0, 500))[0] > 0


@pytest.mark.parametrize(("rows", "held_out"), [(0, 100), (19, 100), (1_000, 0)])
def test_without_labels_or_held_out_rows_no_change_is_said(rows: float, held_out: float) -> None:
    never = (-math.inf, math.inf)
    assert LastingChange(1).of_share(rows / 2, rows, 0.9, held_out) == never
    assert LastingChange(1).of_mean(3.0, 1.0, rows, MeanBaseline(1.0, 1.0, held_out)) == never


def test_a_certain_baseline_leaves_the_sequence_of_the_live_mean() -> None:
    low, high = LastingChange(1).of_mean(1.0, 2.0, 500, MeanBaseline(0.0, 2.0, 1e12))
    assert (high - low) / 2 == pytest.approx(ConfidenceSequence().half_width(500, 2.0), rel=1e-4)
