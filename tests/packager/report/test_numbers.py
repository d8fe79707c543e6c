from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.report.numbers import (
    NO_VALUE,
    change,
    count,
    digits,
    interval,
    number,
    percent,
    probability,
)


@given(st.floats(-1e300, 1e300))
def test_a_number_reads_back_with_four_digits(value: float) -> None:
    shown = float(number(value).replace(",", ""))
    assert abs(shown - value) <= 5.1e-4 * abs(value)


@given(st.integers(-(10**12) + 1, 10**12 - 1))
def test_a_count_keeps_all_its_digits(value: int) -> None:
    assert int(number(value).replace(",", "")) == value


def test_what_is_not_known_is_a_dash() -> None:
    assert number(None) == number(float("nan")) == NO_VALUE


def test_numbers_have_four_digits_and_all_before_the_point() -> None:
    shown = [0.957, 1.0, 12.346, 999.96, 1234.6, 53940, 1234567, 0.0, 0.00012344, 3.3e-16, -4.46]
    assert [number(value) for value in shown] == [
        *("0.9570", "1.000", "12.35", "1,000", "1,235", "53,940", "1,234,567", "0"),
        *("0.0001234", "3.300e-16", "-4.460"),
    ]
    assert number(10**30) == "1.000e+30"


def test_differences_intervals_shares_and_probabilities() -> None:
    assert [change(0.021), change(-3.0), change(0.0), change(None)] == [
        *("+0.02100", "-3.000", "0", "-"),
    ]
    assert interval((0.5, 1.0)) == "0.5000 to 1.000"
    assert interval((0.5, float("inf"))) == interval(None) == "-"
    assert [percent(0.1234), percent(None)] == ["12.3 %", "-"]
    assert [probability(1e-9), probability(0.0312), probability(None)] == ["<0.0001", "0.0312", "-"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.87123, "0.871"), (1234.5, "1,234"), (0, "0"), (None, "-"), (float("nan"), "-")],
)
def test_short_numbers_have_three_digits(value: float | None, shown: str) -> None:
    assert digits(value) == shown


def test_a_short_change_has_its_sign() -> None:
    assert (digits(0.01, sign=True), digits(-0.01, sign=True)) == ("+0.01", "-0.01")


def test_rows_are_whole_numbers_unless_they_are_weighted() -> None:
    assert (count(1235.0), count(80), count(80.25)) == ("1,235", "80", "80.25")
