"""Times in ISO 8601, as requests and rules write them."""

from __future__ import annotations

import re

import numpy as np

ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
"""Groups: date, time of day, offset."""
_SECOND = 10**9
_MICROSECONDS = 6  # digits
_LONGEST = (1 << 63) - 1


def nanoseconds_of(text: str) -> tuple[int, bool]:
    """Nanoseconds since 1970, in UTC if ``text`` has an offset; and whether it has one.

    The number may exceed 64 bits. Raises ``ValueError`` unless ``text`` is ISO 8601 of a day and
    time that exist, or if it has nanoseconds outside 1677 to 2262, as pandas does.
    """
    match = ISO.fullmatch(text)
    if match is None:
        raise ValueError(text)
    day, clock, zone = match.groups()
    whole, _, fraction = (clock or "00:00").partition(".")
    seconds = int(np.datetime64(f"{day}T{whole}", "s").astype(np.int64))
    local = seconds * _SECOND + (int(fraction.ljust(9, "0")) if fraction else 0)
    instant = local - (_minutes(zone) * 60 * _SECOND if zone else 0)
    if len(fraction) > _MICROSECONDS and max(abs(local), abs(instant)) > _LONGEST:
        raise ValueError(text)
    return instant, zone is not None


def _minutes(zone: str) -> int:
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)
