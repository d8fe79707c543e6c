"""Missing values, words and parts of times in rules: of frames, and of the server's rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices.cells import cell_values, clock_of
from monitoring.slices.slices import SliceSet

TIMES = pd.to_datetime(["2024-01-31 23:30", None, "1969-12-28 05:00", "2024-07-01 00:00"])
MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2260, 1, 1))
TEXTS = ["A Refund, please", None, "refunded", ""]


def rows(rule: str, frame: pd.DataFrame) -> list[int]:
    """The rows in a rule's slice, which are the same for the server row by row."""
    slices = SliceSet({}, {"own": rule})
    found: list[int] = np.flatnonzero(slices.masks(frame)["own"]).tolist()
    clocks = {name: clock_of(frame[name]) for name in slices.needs}
    known = {name: clock for name, clock in clocks.items() if clock is not None}
    membership = slices.membership(slices.needs, known)
    cells = zip(*(cell_values(frame[name]) for name in slices.needs), strict=True)
    assert [at for at, row in enumerate(cells) if membership.bitmap(row) & 2] == found
    return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("x is None", [1]),
        ("x is not None", [0, 2, 3]),
        ("not x is None", [0, 2, 3]),
        ("x / 0 is None", [0, 1, 2, 3]),
        ("note is None or x > 2", [1, 2, 3]),
        ("when is None", [1]),
        ("cells is None", [1]),
        ("note.length is None", [1]),
        ("'refund' in note.words", [0]),
        ("'refund' not in note.words", [2, 3]),
        ("not 'refund' in note.words", [2, 3]),
        ("when.hour == 23", [0]),
        ("when.hour < 6", [2, 3]),
        ("when.weekday == 'Wednesday'", [0]),
        ("when.weekday in ['Sunday', 'Monday']", [2, 3]),
        ("when.month >= 7", [2, 3]),
        ("zoned.month == 2", [0]),
        ("zoned.weekday == 'Thursday' and zoned.hour == 0", [0]),
    ],
)
def test_rules_hold_for_the_right_rows(rule: str, expected: list[int]) -> None:
    cells = [np.ones(2), None, np.zeros(2), np.zeros(2)]
    frame = pd.DataFrame(
        {
            "x": [1.0, None, 3.0, 4.0],
            "note": TEXTS,
            "when": TIMES,
            "zoned": TIMES.tz_localize("UTC").tz_convert("Europe/Berlin"),
            "cells": pd.Series(cells, dtype=object),
        }
    )
    assert rows(rule, frame) == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("x.hour > 3", r"expected no measure after column 'x' \(number\), got 'hour'"),
        ("when.length > 3", r"expected one of hour, weekday, month after column 'when'"),
        ("when.hour == 'a'", "expected alike values"),
        ("when.weekday == 1", "expected alike values"),
        ("note.words == 'a'", r"expected alike values .* note.words \(words\)"),
        ("note.words", "expected a condition"),
        (
            "'a' in note",
            r"expected a list of constants or the words of a text .* got note \(text\)",
        ),
        ("note + 1 is None", "expected numbers in arithmetic"),
    ],
)
def test_rules_that_do_not_fit_are_refused(rule: str, message: str) -> None:
    frame = pd.DataFrame({"x": [1.0], "note": pd.Series(["a"], dtype="str"), "when": TIMES[:1]})
    with pytest.raises(ValueError, match=message):
        SliceSet({}, {"own": rule}).check(dict(frame.dtypes))


@pytest.mark.slow
@given(
    st.lists(
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2260, 1, 1)), min_size=1, max_size=20
    ),
    st.sampled_from([None, "UTC", "Europe/Berlin", "America/St_Johns"]),
    st.sampled_from(["s", "ms", "us"]),
)
def test_parts_of_times_are_those_of_pandas(
    moments: list[Any], zone: str | None, unit: str
) -> None:
    whole = pd.Series(pd.DatetimeIndex(moments).as_unit(unit))
    times = whole if zone is None else whole.dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"when": times})
    for rule, expected in (
        ("when.hour >= 12", times.dt.hour >= 12),
        ("when.weekday in ['Saturday', 'Sunday']", times.dt.day_of_week >= 5),
        ("when.month <= 3", times.dt.month <= 3),
    ):
        assert rows(rule, frame) == np.flatnonzero(expected).tolist()
