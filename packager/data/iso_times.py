"""Parse text columns of ISO 8601 dates or times to dates, naive times, or times in UTC."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.slices.iso_times import ISO

TimeKind = Literal["date", "naive", "aware"]
Times = npt.NDArray[np.datetime64]

_CHUNK = 1 << 16
_MICROSECONDS = 6  # digits
_EXACT_YEARS = (1678, 2261)  # whole years within the range of nanoseconds


def time_kind(kinds: set[TimeKind]) -> TimeKind | None:
    """The kind of a column with parts of these kinds; None if it is not a column of times."""
    if kinds == {"date", "naive"}:
        return "naive"
    return next(iter(kinds)) if len(kinds) == 1 else None


def as_times(
    column: pd.Series[Any], kind: TimeKind | None = None
) -> tuple[TimeKind, pd.Series[Any]] | None:
    """A text column as dates (objects), naive times or times in UTC; None if a value is neither.

    ``kind`` is that of the whole column if ``column`` is a part of it. Times are in microseconds,
    or in nanoseconds if a fraction has more than six digits. Nulls stay nulls.
    """
    if kind is not None and column.isna().all():
        nothing = np.full(len(column), -1, np.intp)
        empty = _spread(np.empty(0, "M8[us]"), nothing, kind)
        return kind, pd.Series(empty, column.index, name=column.name)
    if not _begins_with_times(column):
        return None
    codes, texts = pd.factorize(column.to_numpy(dtype=object))
    parsed = _parsed(texts)
    if parsed is None:
        return None
    parsed_kind, times = parsed
    whole = time_kind({parsed_kind, kind}) if kind else parsed_kind
    if whole is None:
        return None
    return whole, pd.Series(_spread(times, codes, whole), column.index, name=column.name)


def first_without_time(column: pd.Series[Any]) -> int:
    """The position of the first value that makes ``as_times`` reject a column.

    The value is not ISO 8601, or only one of it and the first value has an offset.
    """
    codes, texts = pd.factorize(column.to_numpy(dtype=object))
    zoned: bool | None = None
    for code, text in enumerate(texts):
        parsed = _parsed([text])
        aware = parsed is not None and parsed[0] == "aware"
        if parsed is None or (zoned is not None and aware != zoned):
            return int((codes == code).argmax())
        zoned = aware
    return int((codes >= 0).argmax())


def _begins_with_times(column: pd.Series[Any]) -> bool:
    first = column.first_valid_index()
    if first is None:
        return False
    value = column.loc[first]
    return isinstance(value, str) and ISO.fullmatch(value) is not None


def _parsed(texts: Any) -> tuple[TimeKind, Times] | None:
    """Kind and instants of texts, shape (texts,), in UTC if they have offsets.

    None unless all are ISO 8601 of one kind.
    """
    kinds: set[TimeKind] = set()
    parts: list[Times] = []
    for start in range(0, len(texts), _CHUNK):
        chunk = _chunk(texts[start : start + _CHUNK])
        if chunk is None:
            return None
        kinds |= chunk[0]
        parts.append(chunk[1])
    kind = time_kind(kinds)
    if kind is None:
        return None
    fine = any(part.dtype == np.dtype("M8[ns]") for part in parts)
    unit = "M8[ns]" if fine else "M8[us]"
    if fine and not all(map(_is_near, parts)):
        return None
    return kind, np.concatenate([part.astype(unit) for part in parts])


def _chunk(texts: Any) -> tuple[set[TimeKind], Times] | None:
    kinds: set[TimeKind] = set()
    moments: list[str] = []
    offsets: list[int] = []
    digits = 0
    for text in texts:
        match = ISO.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            return None
        day, clock, zone = match.groups()
        kinds.add("date" if clock is None else "naive" if zone is None else "aware")
        offset = _minutes(zone) if zone else 0
        if offset is None or day.startswith("0000"):
            return None
        offsets.append(offset)
        moments.append(day if clock is None else f"{day}T{clock}")
        digits = max(digits, len(clock or "") - len("00:00:00."))
    unit = "ns" if digits > _MICROSECONDS else "us"
    try:
        times = np.array(moments, dtype=f"M8[{unit}]")
    except ValueError:  # no such day or hour
        return None
    if unit == "ns" and not _is_near(np.array([m[:10] for m in moments], dtype="M8[D]")):
        return None
    if any(offsets):
        times = times - np.array(offsets, dtype="m8[m]")
    return kinds, times


def _is_near(times: Times) -> bool:
    """Whether these times are within the range of nanoseconds."""
    years = times.astype("M8[Y]").astype(np.int64) + 1970
    return bool(((years >= _EXACT_YEARS[0]) & (years <= _EXACT_YEARS[1])).all())


def _minutes(zone: str) -> int | None:
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _spread(times: Times, codes: npt.NDArray[np.intp], kind: TimeKind) -> Any:
    """The value of each row: ``codes`` point to ``times``, -1 is null."""
    if kind == "date":
        days = np.append(times.astype("M8[D]").astype(object), np.nan)
        return days[codes]
    instants = np.append(times, np.datetime64("NaT"))[codes]
    return pd.DatetimeIndex(instants).tz_localize("UTC") if kind == "aware" else instants
