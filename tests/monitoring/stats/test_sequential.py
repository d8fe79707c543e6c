"""Repeated looks: false alarms of a confidence sequence, and of a fixed test for contrast."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from monitoring.stats.sequential import ConfidenceSequence

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
