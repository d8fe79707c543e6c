"""Dates, times of day and decimals as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.calendar_values import number_of
from packager.data.rows.calendar_values import CONVERTERS, text_of
from packager.data.rows.column_converter import ColumnConverter, RowError
from packager.manifest.manifest import Column


@given(st.dates())
def test_dates_are_read_from_their_text(value: dt.date) -> None:
    assert CONVERTERS["date"](value.isoformat()) == CONVERTERS["date"](value) == value
    assert text_of("date", number_of(value)) == value.isoformat()


@given(st.times())
def test_times_are_read_from_their_text(value: dt.time) -> None:
    assert CONVERTERS["time"](value.isoformat()) == value
    assert text_of("time", number_of(value)) == value.isoformat()


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30
    )
)
def test_decimals_are_exact(value: Decimal) -> None:
    assert CONVERTERS["decimal"](str(value)).as_tuple() == value.as_tuple()


def test_a_request_has_text_and_is_compared_with_the_range() -> None:
    column = Column(name="day", kind="date", dtype="object", nullable=False, minimum=0, maximum=1e9)
    plan = ColumnConverter(column)
    values = plan.take(["1970-01-01", "1969-12-31"])
    assert values == [dt.date(1970, 1, 1), dt.date(1969, 12, 31)]
    assert list(plan.anomalies(values)) == [(1, "below_range")]
    assert plan.shown(values[1]) == '"1969-12-31"'
    assert plan.expected("below_range") == "at least 1970-01-01, as in training"
    price = ColumnConverter(Column(name="p", kind="decimal", dtype="object", nullable=False))
    assert price.take(["1.10", 3]) == [Decimal("1.10"), Decimal(3)]
    for wrong in (1.5, True, "1,5", "Infinity", "1e99", "9" * 77):
        with pytest.raises(RowError, match="expected a decimal number as text"):
            price.take([wrong])


@pytest.mark.parametrize(
    ("kind", "value", "is_refused"), [("date", "1970-01-03", False), ("decimal", "9", True)]
)
def test_a_strict_model_is_served_later_than_it_was_trained(kind, value, is_refused) -> None:
    column = Column(name="x", kind=kind, dtype="object", nullable=False, minimum=0, maximum=1)
    plan, rows = ColumnConverter(column, strict=True), [{"x": value}]
    found = list(plan.anomalies(plan.take([value])))
    assert found == [(0, "above_range")]
    assert bool(list(plan.refusals(found, rows))) == is_refused
