"""Times as other programs write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from packager.tracker.core.moments import Moment, format_moment, parse_moment

MOMENT: TypeAdapter[float] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("2026-11-29T10:00:00.123456789Z", 1_795_946_400.123456),
        ("2026-11-29T11:00:00.123456789+01:00", 1_795_946_400.123456),
        (5, 5.0),
        (1.23456789, 1.234568),
    ],
)
def test_what_is_read(text: str | float, seconds: float) -> None:
    assert parse_moment(text) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("yesterday", "expected a time such as 2026-11-29T10:00:00Z"),
        ("2026-11-29T10:00:00", "expected a time with a time zone, such as 2026-11-29T10:00:00Z"),
        ("0001-01-01T00:00:00Z", "expected a time between 1970 and 9999"),
        (-1, "expected a time between 1970 and 9999"),
        (10**400, "expected a time between 1970 and 9999"),
        (float("nan"), "expected a time between 1970 and 9999"),
        (float("inf"), "expected a time between 1970 and 9999"),
        (True, "expected a time as ISO 8601 text"),
        (None, "expected a time as ISO 8601 text"),
        ([], "expected a time as ISO 8601 text"),
    ],
)
def test_what_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        MOMENT.validate_python(value)
    assert message in str(error.value)


@given(st.text(max_size=40) | st.floats() | st.integers() | st.datetimes().map(str))
def test_nothing_but_a_value_error_is_raised(value: object) -> None:
    with contextlib.suppress(ValueError):
        assert parse_moment(value) >= 0


@given(st.floats(0, 4e9).map(lambda one: round(one, 6)))
def test_json_is_read_as_it_was_written(seconds: float) -> None:
    assert MOMENT.validate_json(MOMENT.dump_json(seconds)) == pytest.approx(seconds, abs=1e-6)
    assert format_moment(0) == "1970-01-01T00:00:00Z"
