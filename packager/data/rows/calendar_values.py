"""Dates, times of day and decimal numbers as text: parsed exactly, or not at all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from monitoring.calendar_values import date_text, time_text
from packager.data.rows.conversion_error import ConversionError
from packager.manifest.base import Kind

MAX_DIGITS = 76
"""Digits of a decimal before and after its point: as many as Arrow's widest type has."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MAX_LENGTH = 200


def to_date(value: Any) -> dt.date:
    """``2024-01-31`` as a date; a date is returned unchanged."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.datetime) and value.tzinfo is None and value.time() == dt.time():
        return value.date()
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:  # no such day
            pass
    raise ConversionError("an ISO 8601 date, like 2024-01-31")


def to_time(value: Any) -> dt.time:
    """``10:30``, ``10:30:00`` or ``10:30:00.123456`` as a time of day; a time is unchanged."""
    if isinstance(value, dt.time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        clock, _, fraction = value.partition(".")
        try:
            return dt.time.fromisoformat(f"{clock}.{fraction:0<6}" if fraction else clock)
        except ValueError:  # no such hour
            pass
    raise ConversionError("an ISO 8601 time of day without an offset, like 10:30:00")


def to_decimal(value: Any) -> Decimal:
    """Text or an integer as a decimal number; floats are refused, because they are rounded."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 1024:
        value = Decimal(value)
    if isinstance(value, str) and len(value) <= _MAX_LENGTH and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        scale = -int(value.as_tuple().exponent)
        if value.adjusted() < MAX_DIGITS and scale <= MAX_DIGITS:
            return value
    raise ConversionError(
        f'a decimal number as text, like "12.30", with at most {MAX_DIGITS} digits before and '
        "after the point"
    )


CONVERTERS: Mapping[Kind, Callable[[Any], Any]] = {
    "date": to_date,
    "time": to_time,
    "decimal": to_decimal,
}
"""Kind → its converter, which raises ``ConversionError``."""


def text_of(kind: Kind, number: float) -> str:
    """The inverse of ``number_of``, as the text of a request."""
    if kind == "decimal":
        return format(Decimal(repr(number)), "f")
    return time_text(number) if kind == "time" else date_text(number)
