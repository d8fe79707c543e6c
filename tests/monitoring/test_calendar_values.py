"""Dates, times of day and decimals: bins, slices and logs, alike in a build and in a server."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.calendar_values import CalendarUnit, number_of
from monitoring.flagged_rows_log import FlaggedRowsLog
from monitoring.metrics.bin_counts import BinCounts
from monitoring.profile.profile import FeatureProfile
from monitoring.slices.cells import cell_values, clock_of
from monitoring.slices.kinds import kind_of_column
from monitoring.slices.slices import SliceSet, slice_values
from monitoring.stats.binning import build_profile

DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2020, 3, 1))
TIMES = st.times() | st.just(dt.time(10, 30))
PRICES = st.decimals("-2", "20", places=2) | st.sampled_from([Decimal("12.3"), Decimal("12.30")])
ROWS = st.lists(
    st.tuples(st.none() | DAYS, st.none() | TIMES, st.none() | PRICES), min_size=1, max_size=30
)
NAMES = ("day", "at", "price")
KINDS = ("date", "time", "decimal")
UNITS = {name: CalendarUnit(kind) for name, kind in zip(NAMES, KINDS, strict=True)}  # type: ignore[arg-type]
START = dt.date(2024, 1, 1)
TRAINING = pd.DataFrame(
    {
        "day": [START + dt.timedelta(days=n) for n in range(200)],
        "at": [dt.time(n % 24, n % 60) for n in range(200)],
        "price": [Decimal(n) / 10 for n in range(200)],
    },
    dtype=object,
)
FEATURES = build_profile(TRAINING, list(zip(NAMES, KINDS, strict=True))).features


def frame_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = zip(*rows, strict=True)
    return pd.DataFrame(
        {n: pd.Series(c, dtype=object) for n, c in zip(NAMES, columns, strict=True)}
    )


def test_bins_are_named_by_dates_times_and_numbers() -> None:
    day, at, price = FEATURES
    assert day.bins[0] == "< 2024-01-21"
    assert at.bins[-1].startswith(">= 21:")
    assert price.bins[1] == "2 to 4"


@pytest.mark.slow
@given(ROWS)
def test_a_server_counts_what_the_profile_says(rows: list[tuple[Any, ...]]) -> None:
    bins = BinCounts(list(enumerate(FEATURES)), UNITS)
    bins.add(list(zip(*rows, strict=True)))
    found, frame = dict(bins.drain()), frame_of(rows)
    for feature in FEATURES:
        indices = feature.bin_indices(frame[feature.name])
        expected = np.bincount(indices[indices >= 0], minlength=len(feature.bins)).tolist()
        assert found.get(feature.name, [0] * len(feature.bins)) == expected


def test_a_shift_of_each_is_seen() -> None:
    moved = [
        (START + dt.timedelta(days=300), dt.time(23, 59), Decimal("1000")),
        (START - dt.timedelta(days=300), dt.time(0, 0), Decimal("-1000")),
    ]
    frame = frame_of(moved)
    for feature in FEATURES:
        assert feature.bin_indices(frame[feature.name]).tolist() == [len(feature.bins) - 1, 0]


RULES = {
    "late": "day >= '2020-02-01'",
    "one day": "day in ['2020-01-02', '2020-01-03']",
    "not early": "not at < '10:30'",
    "exactly": "at == '10:30'",
    "dear": "price >= 12.3",
    "price": "price == 12.3",
    "sum": "price * 2 - 1 > 5",
    "monday": "day.weekday == 'Monday' and day.month in [1, 2]",
    "morning": "at.hour < 12",
}


@pytest.mark.slow
@given(ROWS)
def test_a_build_and_a_server_assign_the_same_slices(rows: list[tuple[Any, ...]]) -> None:
    frame = frame_of(rows)
    slices = SliceSet({"price": ("12.3", "1.00"), "day": ("2020-01-02",)}, RULES)
    slices.check_kinds(
        {n: kind_of_column(k, "object", None) for n, k in zip(NAMES, KINDS, strict=True)}
    )
    masks = slices.masks(frame)
    bitmaps = slices.membership(NAMES, UNITS).bitmaps(list(zip(*rows, strict=True)), len(rows))
    for bit, name in enumerate(slices.names):
        assert [bool(bitmap >> bit & 1) for bitmap in bitmaps] == masks[name].tolist(), name
    for row, (day, at, price) in enumerate(rows):
        assert masks["late"][row] == (day is not None and day >= dt.date(2020, 2, 1))
        assert masks["not early"][row] == (at is not None and at >= dt.time(10, 30))
        on_monday = day is not None and day.weekday() == 0 and day.month in (1, 2)
        assert masks["monday"][row] == on_monday
        assert masks["morning"][row] == (at is not None and at.hour < 12)
        assert masks["price"][row] == masks["price=12.3"][row] == (price == Decimal("12.3"))
        assert masks["dear"][row] == (price is not None and price >= Decimal("12.3"))


def test_values_are_declared_as_text() -> None:
    frame = frame_of([(dt.date(2020, 1, 2), dt.time(10, 30), Decimal("12.30"))])
    assert slice_values(frame, NAMES) == {
        "day": ("2020-01-02",),
        "at": ("10:30:00",),
        "price": ("12.30",),
    }


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("day > 3", r"got day \(date\) and 3 \(number\)"),
        ("day > 'soon'", "expected a date such as '2024-01-31', got 'soon'"),
        ("at > '25:00'", "expected a time such as '10:30', got '25:00'"),
        ("at > '10:30+01:00'", "expected a time of day without an offset"),
        ("price > 'x'", r"got price \(number\) and 'x' \(text\)"),
        ("day > at", r"got day \(date\) and at \(time\)"),
        ("day.hour > 2", "hour"),
        ("at.month > 2", "month"),
        ("day + 1 > 2", r"expected numbers in arithmetic, got day \(date\)"),
    ],
)
def test_a_rule_of_another_kind_is_refused(rule: str, message: str) -> None:
    kinds = {n: kind_of_column(k, "object", None) for n, k in zip(NAMES, KINDS, strict=True)}
    with pytest.raises(ValueError, match=message):
        SliceSet({}, {"rule": rule}).check_kinds(kinds)


def test_a_column_of_another_index_or_of_nulls_has_its_unit() -> None:
    series = pd.Series([None, dt.date(2020, 1, 1)], index=[7, 7], dtype=object)
    assert clock_of(series) == CalendarUnit("date")
    assert cell_values(series) == [None, dt.date(2020, 1, 1)]
    assert clock_of(pd.Series([None, None], dtype=object)) is None
    assert clock_of(pd.Series(["a"], dtype=object)) is None


def test_a_flagged_row_is_logged_as_text(tmp_path: Path) -> None:
    log = FlaggedRowsLog(tmp_path / "log", NAMES, version="1-a", clocks=UNITS)
    columns = ([dt.date(2020, 1, 2)], [dt.time(10, 30)], [Decimal("12.30")])
    assert log.write(columns, [("day:out_of_range",)], ["a"], None) == 1
    written = json.loads((tmp_path / "log").read_text())["row"]
    assert written == {"day": "2020-01-02", "at": "10:30:00", "price": "12.30"}


def test_numbers_of_values() -> None:
    assert number_of(dt.date(1970, 1, 2)) == 86_400e9
    assert number_of(dt.time(1, 0, 0, 500_000)) == 3600.5
    assert number_of(Decimal("1.5")) == 1.5
    assert isinstance(FEATURES[0], FeatureProfile)
