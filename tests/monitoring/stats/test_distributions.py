"""The distributions are SciPy's."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from monitoring.stats.distributions import (
    f_tail,
    incomplete_beta,
    normal_quantile,
    normal_tail,
    student_quantile,
    student_tail,
)


@given(st.floats(-30, 30), st.floats(0.5, 1e6))
def test_students_tail_is_scipys(t: float, degrees: float) -> None:
    assert student_tail(t, degrees) == pytest.approx(stats.t.sf(t, degrees), rel=1e-4, abs=1e-300)


@given(st.floats(1e-9, 1 - 1e-9), st.floats(1, 1e9))
def test_students_quantile_is_scipys(share: float, degrees: float) -> None:
    expected = stats.t.ppf(share, degrees)
    assert student_quantile(share, degrees) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@given(st.floats(-35, 35))
def test_the_normal_tail_is_scipys(z: float) -> None:
    assert normal_tail(z) == pytest.approx(stats.norm.sf(z), rel=1e-9)


@given(st.floats(0.01, 500), st.floats(0.01, 500), st.floats(0, 1))
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


@given(st.floats(0, 50), st.integers(1, 40), st.floats(1, 1e5))
def test_the_tail_of_f_is_scipys(value: float, above: int, below: float) -> None:
    expected = stats.f.sf(value, above, below)
    assert f_tail(value, above, below) == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_f_with_endless_degrees_is_chi_square() -> None:
    assert f_tail(2.0, 10, math.inf) == pytest.approx(stats.chi2.sf(20, 10), rel=1e-4)
    assert math.isnan(f_tail(math.nan, 1, 1))


def test_extremes() -> None:
    assert math.isnan(student_tail(math.nan, 3))
    assert (student_tail(math.inf, 3), student_tail(-math.inf, 3)) == (0, 1)
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054)
