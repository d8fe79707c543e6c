"""P-values adjusted for the number of tests."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from monitoring.stats.adjust import benjamini_hochberg


@pytest.mark.slow
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    expected = false_discovery_control(p_values, method="bh")
    assert benjamini_hochberg(p_values) == pytest.approx(list(expected))


def test_a_feature_without_rows_counts_for_nothing_in_the_adjustment() -> None:
    adjusted = benjamini_hochberg([0.01, math.nan, 0.04])
    assert adjusted[0] == pytest.approx(0.02)
    assert math.isnan(adjusted[1])
    assert adjusted[2] == pytest.approx(0.04)
