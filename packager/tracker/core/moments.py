"""Times: seconds since the epoch in memory, ISO 8601 in UTC in JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")
MAX_SECONDS = 253_402_300_799.0
"""The last second of the year 9999."""


def parse_moment(value: Any) -> float:
    """Seconds since the epoch of an ISO 8601 text with a time zone, or of a number of seconds.

    Digits beyond microseconds, which Alertmanager writes, are cut. Raises ``ValueError``.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | datetime):
        raise ValueError("expected a time as ISO 8601 text")
    if isinstance(value, int | float):
        seconds = float(value) if abs(value) <= MAX_SECONDS else -1.0
    else:
        moment = value if isinstance(value, datetime) else _parse_text(value)
        if moment.tzinfo is None:
            raise ValueError("expected a time with a time zone, such as 2026-11-29T10:00:00Z")
        seconds = moment.timestamp()
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError("expected a time between 1970 and 9999")
    return round(seconds, 6)


def _parse_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(_NANOSECONDS.sub(r"\1", text[:64]))
    except ValueError:
        raise ValueError("expected a time such as 2026-11-29T10:00:00Z") from None


def format_moment(seconds: float) -> str:
    """``2026-11-29T10:00:00Z``, with microseconds where there are any."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[
    float,
    BeforeValidator(parse_moment),
    PlainSerializer(format_moment, return_type=str, when_used="json"),
]
"""Seconds since the epoch, to the microsecond; in JSON an ISO 8601 text in UTC."""
