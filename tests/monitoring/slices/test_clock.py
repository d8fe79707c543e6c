"""Times in the server are integer ticks of their column's unit."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices.clock import DatetimeUnit

UNITS = st.sampled_from(["s", "ms", "us", "ns"])


@pytest.mark.parametrize(
    ("dtype", "unit"),
    [
        ("datetime64[us]", DatetimeUnit("us", None)),
        ("datetime64[ns, UTC]", DatetimeUnit("ns", "UTC")),
        ("datetime64[s, Europe/Berlin]", DatetimeUnit("s", "Europe/Berlin")),
    ],
)
def test_a_dtype_says_the_unit_and_the_zone(dtype, unit):
    assert DatetimeUnit.of_dtype(dtype) == unit


@given(UNITS, st.integers(-(10**9), 10**9))
def test_a_time_comes_back_from_its_text(unit, second):
    clock = DatetimeUnit(unit, None)
    tick = second * (10**9 // clock.nanoseconds)
    assert clock.ticks(clock.iso(tick)) == tick
    assert clock.text(tick) == str(pd.Timestamp(second, unit="s"))


def test_a_zone_changes_the_text_and_not_the_timestamp():
    clock = DatetimeUnit("s", "Europe/Berlin")
    assert clock.text(0) == "1970-01-01 01:00:00+01:00"
    assert clock.iso(0) == "1970-01-01T00:00:00+00:00"
    assert clock.ticks("1970-01-01T01:00:00+01:00") == 0


def test_a_constant_between_two_ticks_is_between_them():
    clock = DatetimeUnit("s", None)
    assert clock.ticks("1970-01-01T00:00:01.5") == 1.5
    assert clock.ticks("1969-12-31T23:59:58.5") == -1.5


@pytest.mark.parametrize("text", ["soon", "2024-13-01", "2024-02-30"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"expected a date such as '2024-01-31', got"):
        DatetimeUnit("s", None).ticks(text)
