"""No amount makes a counter infinite."""

from __future__ import annotations

import math

import pytest

from monitoring.metrics.amounts import MAX_AMOUNT, bounded


@pytest.mark.parametrize("amount", [0.0, -1.5, 3, 1e200, MAX_AMOUNT])
def test_usual_amounts_are_unchanged(amount: float) -> None:
    assert bounded(amount) == amount


@pytest.mark.parametrize("amount", [1e300, math.inf, math.nan])
def test_larger_ones_are_bounded(amount: float) -> None:
    assert bounded(amount) == MAX_AMOUNT
    assert math.isfinite(sum([bounded(amount)] * 1_000_000))
