"""Times as the server stores them: integer ticks since 1970 in the column's unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import pandas as pd

_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


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
        moment = pd.Timestamp(tick, unit=self.unit)
        return (moment.tz_localize("UTC") if self.zone else moment).isoformat()

    def ticks(self, text: str) -> float:
        """Ticks of a constant such as ``2024-01-31`` (in UTC without an offset).

        Raises ``ValueError`` if it isn't a time.
        """
        try:
            moment = pd.to_datetime(text, utc=True)
        except (ValueError, TypeError) as error:
            raise ValueError(f"expected a date such as '2024-01-31', got {text!r}") from error
        own = int(moment.as_unit("ns").value)
        whole, rest = divmod(own, self.nanoseconds)
        return whole if not rest else own / self.nanoseconds


@lru_cache(maxsize=4096)
def _text(clock: DatetimeUnit, tick: int) -> str:
    moment = pd.Timestamp(tick, unit=clock.unit)
    return str(moment.tz_localize("UTC").tz_convert(clock.zone) if clock.zone else moment)
