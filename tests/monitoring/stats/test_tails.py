"""The tails of the tests of slices, against scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.stats.tails import binomial_tail, hypergeometric_tail, normal_tail, student_tail

NEAR = {"rel": 1e-8, "abs": 1e-12}


@given(st.floats(-9, 9))
def test_normal_tail(z: float) -> None:
    assert normal_tail(z) == pytest.approx(stats.norm.sf(z), **NEAR)


@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0, 1.01))
def test_binomial_tail(trials: int, share: float, part: float) -> None:
    hits = int(part * trials)
    expected = stats.binom.sf(hits - 1, trials, share)
    assert binomial_tail(hits, trials, share) == pytest.approx(expected, **NEAR)


@given(st.data(), st.integers(1, 3_000))
def test_hypergeometric_tail(data: st.DataObject, total: int) -> None:
    drawn, marked = (data.draw(st.integers(0, total)) for _ in range(2))
    hits = data.draw(st.integers(0, drawn))
    expected = stats.hypergeom.sf(hits - 1, total, marked, drawn)
    found = hypergeometric_tail(hits, drawn, marked, total)
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(st.floats(-40, 40), st.floats(0.5, 1e6))
def test_student_tail(t: float, freedom: float) -> None:
    expected = stats.t.sf(t, freedom)
    assert student_tail(t, freedom) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_student_tail_without_degrees_of_freedom_is_unknown() -> None:
    assert math.isnan(student_tail(1.0, 0.0))
