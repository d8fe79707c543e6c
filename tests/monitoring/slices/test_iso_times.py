"""Times in ISO 8601: the same texts and instants as pandas, which the server does without."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitoring.slices.iso_times import nanoseconds_of

NEARLY = st.builds(
    "{:04d}-{:02d}-{:02d}{}".format,
    st.sampled_from([0, 1, 1677, 1678, 1970, 2024, 2261, 2262, 9999]) | st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.just("")
    | st.builds(
        "{}{:02d}:{:02d}{}{}".format,
        st.sampled_from("T "),
        st.integers(0, 24),
        st.integers(0, 60),
        st.just("")
        | st.builds(
            ":{:02d}{}".format,
            st.integers(0, 60),
            st.from_regex(r"\A(\.[0-9]{1,9})?\Z"),
        ),
        st.sampled_from(["", "Z"]) | st.from_regex(r"\A[+-][0-2][0-9]:?[0-5][0-9]\Z"),
    ),
)


def of_pandas(text: str) -> tuple[int, bool] | None:
    try:
        moment = pd.Timestamp(text)
    except ValueError:
        return None
    unit, _ = np.datetime_data(moment.asm8.dtype)
    scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    return int(moment.asm8.astype(np.int64)) * scale, moment.tzinfo is not None


@given(NEARLY)
@example("2024-01-31")
@example("0000-01-01T00:00:00+14:00")
@example("2262-04-11T23:47:16.854775807")
@example("2262-04-11T23:47:16.854775808")
@example("1677-09-21T00:12:43.145224192")
@example("1500-01-01T00:00:00.000000000")
@example("2024-01-01T10:00:00.1+0530")
def test_the_instant_is_that_of_pandas(text: str) -> None:
    try:
        found = nanoseconds_of(text)
    except ValueError:
        found = None
    assert found == of_pandas(text)


@given(st.datetimes(), st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)))
def test_pythons_own_times_are_read(moment: dt.datetime, offset: dt.timedelta) -> None:
    zone = dt.timezone(dt.timedelta(minutes=offset // dt.timedelta(minutes=1)))
    aware = moment.replace(tzinfo=zone)
    epoch = dt.datetime(1970, 1, 1)
    micro = dt.timedelta(microseconds=1)
    assert nanoseconds_of(moment.isoformat()) == (((moment - epoch) // micro) * 1000, False)
    utc = (moment - epoch - aware.utcoffset()) // micro * 1000
    assert nanoseconds_of(aware.isoformat()) == (utc, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-1-1",
        "20240131",
        "now",
        "2024-01-01T10:00+05:60",
        "٢٠٢٤-01-01",
        "a" * 9_999,
    ],
)
def test_other_texts_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).*"):
        nanoseconds_of(text)
