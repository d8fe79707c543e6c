"""The canonical value of one cell equals the reference implementation's, for any storage."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import reference_dfp1 as reference
from hypothesis import given
from hypothesis import strategies as st

from packager.data.canonical import canonical

NULL = reference.tag("null")


@given(st.integers(-(2**80), 2**80))
def test_integers_of_any_size_match_the_reference(value):
    assert canonical(value)[1] == reference.canonical("int", value)


@given(st.dates())
def test_dates_match_the_reference(day):
    days = (day - dt.date(1970, 1, 1)).days
    assert canonical(day) == ("date", reference.canonical("date", days))


@given(st.times())
def test_times_of_day_match_the_reference(time):
    seconds = time.hour * 3600 + time.minute * 60 + time.second
    wanted = reference.canonical("time", seconds * 10**9 + time.microsecond * 1000)
    assert canonical(time) == ("time", wanted)


@given(st.timedeltas())
def test_durations_match_the_reference(value):
    nanoseconds = value // dt.timedelta(microseconds=1) * 1000
    assert canonical(value)[1] == reference.canonical("duration", nanoseconds)


@pytest.mark.parametrize(
    ("written", "plain"),
    [("1.0", "1"), ("1E+3", "1000"), ("-0.00", "0"), ("-12.50", "-12.5"), ("1e-6", "0.000001"),
     ("123456789012345678901234567890.10", "123456789012345678901234567890.1")],
)  # fmt: skip
def test_decimals_are_written_plainly(written, plain):
    wanted = reference.canonical("decimal", plain)
    assert canonical(Decimal(written)) == ("decimal", wanted)


@pytest.mark.parametrize(
    "null", [None, float("nan"), np.nan, pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN"),
             np.float32("nan"), np.timedelta64("NaT")],
)  # fmt: skip
def test_every_null_is_the_same(null):
    assert canonical(null) == ("null", NULL)


def test_kinds_of_values_stay_apart():
    ones = [1, "1", True, b"1", Decimal(1), dt.date(1970, 1, 2), dt.time(0, 0, 1), [1],
            dt.timedelta(seconds=1), pd.Timestamp(1), pd.Timestamp(1, tz="UTC"), None]  # fmt: skip
    assert len({canonical(one)[1] for one in ones}) == len(ones)


def test_nested_values_ignore_order_of_keys_and_width_of_numbers():
    left = {"a": np.array([1.0, np.nan]), "b": (True, "x")}
    right = {"b": [True, "x"], "a": [1, None]}
    tagged = {
        "a": ("list", [("int", 1), ("null", None)]),
        "b": ("list", [("bool", True), ("string", "x")]),
    }
    assert canonical(left) == canonical(right) == ("json", reference.canonical("object", tagged))
