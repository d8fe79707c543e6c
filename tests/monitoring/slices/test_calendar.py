"""Parts of times that rules name."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from monitoring.slices.calendar import calendar_values
from monitoring.slices.cells import cell_values, clock_of


@pytest.mark.parametrize("zone", [None, "Europe/Vienna", "Asia/Kolkata"])
def test_parts_are_those_of_pandas_in_the_columns_own_zone(zone: str | None) -> None:
    series = pd.Series(
        pd.to_datetime(["1969-12-31 23:59:59", "2024-02-29 00:00:00", "2026-11-29 13:30:00", None])
    )
    series = series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)
    clock = clock_of(series)
    assert clock is not None
    ticks = cell_values(series)
    assert calendar_values(ticks, "hour", clock)[:3] == series.dt.hour[:3].tolist()
    assert calendar_values(ticks, "weekday", clock)[:3] == series.dt.day_name()[:3].tolist()
    assert calendar_values(ticks, "month", clock)[:3] == series.dt.month[:3].tolist()
    assert calendar_values(ticks, "month", clock)[3] is None


def test_dates_have_no_hour() -> None:
    series = pd.Series([dt.date(2026, 11, 29), None], dtype=object)
    clock = clock_of(series)
    assert clock is not None
    assert calendar_values(cell_values(series), "weekday", clock) == ["Sunday", None]
    with pytest.raises(ValueError, match="expected times for 'hour', got values of kind date"):
        calendar_values(cell_values(series), "hour", clock)
