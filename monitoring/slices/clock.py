"""Times as the server stores them: integer ticks since 1970 in the column's unit."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from monitoring.calendar_values import CalendarUnit
from monitoring.slices.iso_times import nanoseconds_of

_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_FIXED = re.compile(r"UTC([+-])(\d{2}):(\d{2})")
_YEARS = (-62_135_510_400, 253_402_214_400)
"""Seconds since 1970 between which Python's times and offsets of at most a day hold."""


@dataclass(frozen=True)
class DatetimeUnit:
    """The unit and time zone of a datetime column."""

    unit: str
    """The length of a tick: ``s``, ``ms``, ``us`` or ``ns``."""
    zone: str | None
    """None for times without an offset."""

    @classmethod
    def of_dtype(cls, dtype: str) -> Self:
        """The unit of ``datetime64[us]`` or ``datetime64[ns, UTC]``."""
        unit, _, zone = dtype.removeprefix("datetime64[").rstrip("]").partition(", ")
        return cls(unit, zone or None)

    @property
    def nanoseconds(self) -> int:
        """Nanoseconds per tick."""
        return _NANOSECONDS[self.unit]

    def text(self, tick: int) -> str:
        """The time as pandas formats it, which is how slices declare it."""
        return _text(self, tick)

    def iso(self, tick: int) -> str:
        """The time in ISO 8601, as in a request."""
        return _formatted(tick, self.unit, "T") + ("+00:00" if self.zone else "")

    def constant(self, value: object) -> object:
        """The value of a rule's constant: ticks of text; raises ``ValueError`` as ``ticks``."""
        return self.ticks(value) if isinstance(value, str) else value

    def local_seconds(self, tick: int) -> int:
        """Whole seconds since 1970 on the clock of the column's time zone."""
        seconds = tick * self.nanoseconds // 10**9
        return seconds if self.zone is None else seconds + _offset(_moment(self, tick))

    def ticks(self, text: str) -> float:
        """Ticks of a constant such as ``2024-01-31`` (in UTC without an offset).

        Raises ``ValueError`` if it isn't a time in ISO 8601.
        """
        try:
            own, _ = nanoseconds_of(text)
        except ValueError as error:
            raise ValueError(f"expected a date such as '2024-01-31', got {text!r}") from error
        whole, rest = divmod(own, self.nanoseconds)
        return whole if not rest else own / self.nanoseconds


Clock = DatetimeUnit | CalendarUnit


@lru_cache(maxsize=4096)
def _text(clock: DatetimeUnit, tick: int) -> str:
    if clock.zone is None:
        return _formatted(tick, clock.unit, " ")
    moment = _moment(clock, tick)
    local = tick + _offset(moment) * 10**9 // clock.nanoseconds
    return _formatted(local, clock.unit, " ") + moment.isoformat()[19:]


def _moment(clock: DatetimeUnit, tick: int) -> dt.datetime:
    seconds = tick * clock.nanoseconds // 10**9
    within = min(max(seconds, _YEARS[0]), _YEARS[1])
    return dt.datetime.fromtimestamp(within, _zone(clock.zone or "UTC"))


def _offset(moment: dt.datetime) -> int:
    return int((moment.utcoffset() or dt.timedelta()).total_seconds())


@lru_cache(maxsize=64)
def _zone(name: str) -> dt.tzinfo:
    fixed = _FIXED.fullmatch(name)
    if fixed is None:
        return dt.UTC if name == "UTC" else zoneinfo.ZoneInfo(name)
    offset = dt.timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
    return dt.timezone(-offset if fixed[1] == "-" else offset)


def _formatted(tick: int, unit: str, between: str) -> str:
    """Without trailing zeros: to the second, the microsecond or the nanosecond."""
    day, _, clock = str(np.int64(tick).astype(f"M8[{unit}]")).partition("T")
    whole, _, fraction = clock.partition(".")
    digits = fraction.ljust(9, "0")
    precision = 0 if not int(digits) else 6 if digits.endswith("000") else 9
    return f"{day}{between}{whole}" + (f".{digits[:precision]}" if precision else "")
