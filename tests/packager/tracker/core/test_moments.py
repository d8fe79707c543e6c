from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.tracker.core.moments import MAX_SECONDS, format_moment, parse_moment


@given(st.floats(0, MAX_SECONDS).map(lambda one: round(one, 6)))
def test_a_time_survives_json(seconds: float) -> None:
    assert parse_moment(format_moment(seconds)) == pytest.approx(seconds, abs=2e-5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-11-29T10:00:00Z", 1_795_946_400.0),
        ("2026-11-29T11:00:00+01:00", 1_795_946_400.0),
        ("2026-11-29T10:00:00.123456789Z", 1_795_946_400.123456),
        (datetime(2026, 11, 29, 10, tzinfo=UTC), 1_795_946_400.0),
        (0, 0.0),
        (1_795_946_400.1234567, 1_795_946_400.123457),
    ],
)
def test_times(value: Any, seconds: float) -> None:
    assert parse_moment(value) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-11-29", "2026-11-29T10:00:00", True, None, [], -1, 10**400, -(10**400),
     float("nan"), float("inf"), MAX_SECONDS + 1, "0001-01-01T00:00:00+23:59",
     "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z", "2026-11-29T10:00:00+99:00", "x" * 10**6],
)  # fmt: skip
def test_no_times(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        parse_moment(value)
