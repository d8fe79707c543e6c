"""Columns that are a date or a part of one, recognized by name and values."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.worker.train.calendar_columns import is_timestamp_name, named_part, names_of_parts


@pytest.mark.parametrize(
    ("name", "values", "part"),
    [
        ("month", [1, 12], "month"),
        ("pickupHour", [0, 23], "hour"),
        ("day_of_week", [0, 6], "day of week"),
        ("is_weekend", [0, 1], "weekend"),
        ("month_num", ["1", "2"], "month"),
        ("sin_hour", [-0.5, 0.5], "hour"),
        ("hour", [0, 30], None),
        ("hour", [0.5, 1.5], None),
        ("hour", [3, 3], None),
        ("hour", ["x", "y"], None),
        ("days_since_order", [1, 2], None),
        ("orders_per_day", [1, 2], None),
        ("price", [1, 2], None),
        ("happy_hour", [0, 23], "hour"),
    ],
)
def test_a_part_of_a_date_has_its_name_and_its_range(name, values, part):
    assert named_part(name, pd.Series(values)) == part


@pytest.mark.parametrize(
    ("name", "values", "is_moment"),
    [
        ("timestamp", [1.6e9, 1.7e9], True),
        ("time_ms", [1.6e12, 1.7e12], True),
        ("order_date", [20240131, 20240229], True),
        ("order_date", [20240131, 20240230], False),
        ("date", [1, 2], False),
        ("amount", [1.6e9, 1.7e9], False),
        ("timestamp", ["a", "b"], False),
        ("timestamp", [1.6e9, None], False),
    ],
)
def test_a_timestamp_has_its_name_and_is_in_these_decades(name, values, is_moment):
    assert is_timestamp_name(name, pd.Series(values)) is is_moment


@pytest.mark.parametrize(
    ("name", "values", "part"),
    [
        ("x", ["Jan", "Feb", "march"], "month"),
        ("x", ["Mon.", "TUESDAY", "wed"], "weekday"),
        ("season", ["Summer", "winter"], "season"),
        ("x", ["Summer", "winter"], None),
        ("x", ["Jan", "Feb", "Mai"], None),
        ("x", ["Ma", "Ju", "Ja"], None),
    ],
)
def test_texts_are_the_english_names_of_parts(name, values, part):
    assert names_of_parts(name, pd.Series(values)) == part
