"""Dates, times of day and decimal numbers: objects of Python, as columns declared so hold them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_EPOCH = dt.date(1970, 1, 1).toordinal()
DAY_NANOSECONDS = 86_400 * 10**9

CalendarValue = dt.date | dt.time | Decimal


def number_of(value: CalendarValue) -> float:
    """A position on a line: nanoseconds since 1970, seconds since midnight, or the number."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.time):
        return (value.hour * 60 + value.minute) * 60 + value.second + value.microsecond / 1e6
    return float((value.toordinal() - _EPOCH) * DAY_NANOSECONDS)


def date_text(nanoseconds: float) -> str:
    """The date of a number of ``number_of``, in ISO 8601."""
    return dt.date.fromordinal(int(nanoseconds // DAY_NANOSECONDS) + _EPOCH).isoformat()


def time_text(seconds: float) -> str:
    """The time of day of a number of ``number_of``, in ISO 8601."""
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=seconds)
    return moment.time().isoformat()


@dataclass(frozen=True)
class CalendarUnit:
    """The unit of a column of dates, times of day or decimals in rules of slices."""

    kind: Literal["date", "time", "decimal"]

    def constant(self, value: object) -> object:
        """The value of a rule's constant, such as ``'2024-01-31'``, ``'10:30'`` or 12.3.

        Raises ``ValueError`` for text that isn't a date or time in ISO 8601, without an offset.
        """
        if self.kind == "decimal":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return Decimal(repr(value)) if is_number else value
        if not isinstance(value, str):
            return value
        try:
            if self.kind == "date":
                return dt.date.fromisoformat(value)
            time_of_day = dt.time.fromisoformat(value)
        except ValueError as error:
            form = "date such as '2024-01-31'" if self.kind == "date" else "time such as '10:30'"
            raise ValueError(f"expected a {form}, got {value!r}") from error
        if time_of_day.tzinfo is not None:
            raise ValueError(f"expected a time of day without an offset, got {value!r}")
        return time_of_day

    def text(self, value: CalendarValue) -> str:
        """In ISO 8601, or as a plain number, which is how slices declare it."""
        return str(value)

    iso = text

    @staticmethod
    def of_value(value: object) -> CalendarUnit | None:
        """The unit of a column that holds ``value``; None for other kinds."""
        if isinstance(value, dt.time):
            return CalendarUnit("time")
        if isinstance(value, Decimal):
            return CalendarUnit("decimal")
        is_date = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        return CalendarUnit("date") if is_date else None
