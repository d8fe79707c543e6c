"""Detect columns that are a date, or a part of one, by their names and values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

RANGES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("month", "mnth", "monthofyear", "moy"), (0, 12)),
    **dict.fromkeys(("weekday", "wkday", "wday", "dayofweek", "dow"), (0, 7)),
    **dict.fromkeys(("hour", "hr", "hourofday", "hod"), (0, 24)),
    **dict.fromkeys(("day", "dayofmonth", "dom", "mday"), (1, 31)),
    **dict.fromkeys(("dayofyear", "doy", "yday", "yearday"), (0, 366)),
    **dict.fromkeys(("week", "weekofyear", "weeknumber", "isoweek", "woy"), (0, 53)),
    **dict.fromkeys(("quarter", "qtr", "quarterofyear"), (0, 4)),
    **dict.fromkeys(("season",), (0, 4)),
    **dict.fromkeys(("weekend", "holiday", "workday", "workingday"), (0, 1)),
}
"""Name of a part of a date → its minimum and maximum."""
MAX_WORDS = 3
NEUTRAL_WORDS = frozenset({"is", "num", "number", "no", "nr", "idx", "index", "code", "name"})
"""Words in a column's name that don't change the meaning of the part's name."""
CYCLIC_WORDS = frozenset({"sin", "cos"})
"""Words for a part encoded as an angle, with values from -1 to 1."""
COUNTING_WORDS = frozenset(
    {
        *("per", "since", "until", "till", "before", "after", "last", "past", "in", "for", "to"),
        *("n", "count", "counts", "avg", "average", "mean", "sum", "total", "max", "min"),
        *("age", "tenure", "duration", "length", "term", "rate", "each", "every", "off", "left"),
        *("calls", "visits", "orders", "purchases", "payments", "nights", "days", "hours"),
    }
)
"""Words that turn the name of a part into a count, a duration or a rate (``days since``)."""
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEASONS = ("spring", "summer", "fall", "autumn", "winter")
MIN_LETTERS = 3
"""Minimum length of an abbreviation."""
MIN_NAMES = 3
"""Minimum number of distinct names of months, weekdays or seasons in a column; two if the column's
name contains the part's name."""
TIMESTAMP_WORDS = frozenset(
    {"date", "datetime", "day", "dt", "epoch", "time", "timestamp", "ts", "unix"}
)
"""Words for a timestamp."""
EPOCHS = tuple((9e8 * unit, 4e9 * unit) for unit in (1, 1e3, 1e6, 1e9))
"""Ranges of timestamps from 1998 to 2096, in s, ms, µs and ns since 1970."""


def is_timestamp_name(name: str, values: pd.Series[Any]) -> bool:
    """Whether a numeric column is named and valued like a timestamp (epoch, or 20240131)."""
    if not pd.api.types.is_numeric_dtype(values.dtype) or not TIMESTAMP_WORDS & {*_words(name)}:
        return False
    numbers = values.dropna().to_numpy(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 2:
        return False
    low, high = numbers.min(), numbers.max()
    if any(least <= low and high <= most for least, most in EPOCHS):
        return True
    digits = pd.Series(numbers[(numbers % 1 == 0) & (numbers > 19e6) & (numbers < 21e6)])
    dates = pd.to_datetime(digits.astype("int64").astype(str), format="%Y%m%d", errors="coerce")
    return int(dates.notna().sum()) == len(numbers)


def names_of_parts(name: str, values: pd.Series[Any]) -> str | None:
    """The part of a date, if ``values`` are all English names of it or abbreviations; else None."""
    texts = {str(value).strip().lower().rstrip(".") for value in values.dropna().unique()}
    for part, names in (("month", MONTHS), ("weekday", WEEKDAYS), ("season", SEASONS)):
        least = 2 if part in _words(name) else MIN_NAMES
        if len(texts) >= least and all(
            any(_abbreviates(text, known) for known in names) for text in texts
        ):
            return part
    return None


def named_part(name: str, values: pd.Series[Any]) -> str | None:
    """The part of a date that ``name`` names, if ``values`` are in its range; else None."""
    words = _words(name)
    if COUNTING_WORDS & {*words}:
        return None
    wave = bool(CYCLIC_WORDS & {*words})
    words = [word for word in words if word not in NEUTRAL_WORDS | CYCLIC_WORDS]
    for count in range(min(MAX_WORDS, len(words)), 0, -1):
        called = "".join(words[-count:])
        if called in RANGES and _fit(
            values, *((-1, 1) if wave else RANGES[called]), whole=not wave
        ):
            return " ".join(words[-count:])
    return None


def _fit(values: pd.Series[Any], low: float, high: float, *, whole: bool) -> bool:
    """Whether ``values`` are at least two distinct numbers, all in the range."""
    present = values.dropna().unique()
    numbers = pd.to_numeric(pd.Series(present), errors="coerce").to_numpy(np.float64)
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return False
    inside = bool(((numbers >= low) & (numbers <= high)).all())
    return inside and (not whole or bool((numbers % 1 == 0).all()))


def _abbreviates(text: str, name: str) -> bool:
    return len(text) >= MIN_LETTERS and name.startswith(text)


def _words(name: str) -> list[str]:
    """Split into lower-case words: ``pickupHour``, ``pickup_hour`` and ``Pickup hour`` alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z]+", spaced) if word]
