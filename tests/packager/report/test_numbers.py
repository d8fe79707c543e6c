"""Numbers for people are rounded alike everywhere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.report.numbers import NOTHING, change, interval, number, percent, probability


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.957, "0.9570"),
        (1234.5, "1,234"),
        (12.345678, "12.35"),
        (999.94, "999.9"),
        (999.96, "1,000"),
        (0.0001, "0.0001000"),
        (0.00001, "1.000e-05"),
        (1e12, "1.000e+12"),
        (0.0, "0"),
        (-0.0, "0"),
        (123456, "123,456"),
        (10**12, "1.000e+12"),
        (None, NOTHING),
        (math.nan, NOTHING),
        (-math.inf, NOTHING),
    ],
)
def test_a_number_has_four_digits_and_all_before_the_point(value, text):
    assert number(value) == text


@given(st.floats(-1e300, 1e300))
def test_what_is_shown_is_the_number_to_four_digits(value):
    shown = float(number(value).replace(",", ""))
    assert shown == pytest.approx(value, rel=6e-4, abs=0)
    assert number(-value) == ("0" if value == 0 else f"-{number(value)}".replace("--", ""))


@given(st.integers())
def test_a_whole_number_keeps_its_digits_as_long_as_they_fit(value):
    if abs(value) < 10**12:
        assert int(number(value).replace(",", "")) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0.021, "+0.02100"), (-0.5, "-0.5000"), (0.0, "0"), (None, NOTHING)]
)
def test_a_difference_has_its_sign(value, text):
    assert change(value) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [((0.93051, 0.97612), "0.9305 to 0.9761"), (None, NOTHING), ((0.5, math.inf), NOTHING)],
)
def test_an_interval_has_two_ends_or_is_none(ends, text):
    assert interval(ends) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.05, "0.0500"), (1e-9, "<0.0001"), (1.0, "1.0000"), (None, NOTHING)]
)
def test_a_probability_has_four_decimals(value, text):
    assert probability(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.1234, "12.3 %"), (1, "100.0 %"), (None, NOTHING)])
def test_a_share_is_told_in_percent(share, text):
    assert percent(share) == text
