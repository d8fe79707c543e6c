"""Hour, weekday and month of times, as rules name them: ``when.weekday == "Monday"``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from monitoring.calendar_values import CalendarUnit
from monitoring.slices.clock import Clock, DatetimeUnit

CALENDAR = ("hour", "weekday", "month")
"""Parts of a datetime column that a rule may name, in the column's own time zone."""
CALENDAR_OF = {"date": ("weekday", "month"), "time": ("hour",)}
"""Parts of columns of these kinds that a rule may name."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = 86_400
_EPOCH = dt.date(1970, 1, 1).toordinal()
_ORDINALS = (1, dt.date.max.toordinal())


def calendar_values(ticks: Sequence[Any], part: str, clock: Clock) -> list[Any]:
    """The hour (0 to 23), name of the weekday or month (1 to 12) of each tick; None for null.

    Years outside 1 to 9999 have no month: None. Raises ``ValueError`` for a part that dates or
    times of day don't have.
    """
    if isinstance(clock, CalendarUnit):
        if part not in CALENDAR_OF.get(clock.kind, ()):
            raise ValueError(f"expected times for {part!r}, got values of kind {clock.kind}")
        return [None if value is None else _part_of(value, part) for value in ticks]
    return [None if tick is None else _part(tick, part, clock) for tick in ticks]


def _part_of(value: Any, part: str) -> int | str:
    number: int = value.weekday() if part == "weekday" else getattr(value, part)
    return WEEKDAYS[number] if part == "weekday" else number


@lru_cache(maxsize=16_384)
def _part(tick: int, part: str, clock: DatetimeUnit) -> int | str | None:
    day, second = divmod(clock.local_seconds(tick), _DAY)
    if part == "hour":
        return second // 3600
    if part == "weekday":
        return WEEKDAYS[(day + 3) % 7]  # 1970 began on a Thursday
    ordinal = day + _EPOCH
    return dt.date.fromordinal(ordinal).month if _ORDINALS[0] <= ordinal <= _ORDINALS[1] else None
