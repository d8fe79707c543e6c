"""The number of rows that two tables share, exact or estimated from their hashes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.data.row_overlap import estimate_overlap

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("first", "expected"), [(0, 1.0), (1, 0.0)])
def test_no_bound_of_an_estimate_is_past_the_estimate(first: int, expected: float):
    even = tuple(f"{value:016x}" for value in range(0, 2048, 2))
    for start in range(first, 2040, 16):
        other = tuple(f"{value:016x}" for value in range(start, start + 2048, 2))
        share = estimate_overlap(even, other).of_after
        assert share.value == expected
        assert share.low <= share.value <= share.high


@given(st.integers(0, 6000), st.integers(0, 6000), st.integers(0, 6000))
@settings(max_examples=40, deadline=None)
def test_the_estimated_overlap_is_near_the_true_one(only_a: int, both: int, only_b: int):
    rows = np.random.default_rng(only_a + both + only_b).integers(0, 2**63, 18_000).tolist()
    a, b = set(rows[: only_a + both]), set(rows[only_a : only_a + both + only_b])
    sketches = [tuple(f"{value:016x}" for value in sorted(side)[:1024]) for side in (a, b)]
    found = estimate_overlap(*sketches)
    assert found.exact == (max(len(a), len(b)) < 1024)
    if a | b and found.of_either is not None:
        share = len(a & b) / len(a | b)
        assert abs(found.of_either.value - share) <= (0 if found.exact else 0.1)
        assert found.of_either.low <= found.of_either.value <= found.of_either.high
