"""Calendar features: they always drift, so no drift is computed for them.

They are detected by type (timestamps), by relation (a column that is a function of the month,
weekday or hour of a timestamp column), by name and values together (``month`` with 1 to 12), by the
names of months and weekdays, and by a split by time in which most held-out values are new. Values
from 1 to 12 alone are no evidence. docs/monitoring.md lists the rules; [monitoring] overrides them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.profile import DriftExclusion
from packager.data.extremes import extremes
from packager.manifest.manifest import Column, Schema
from packager.worker.job import Job
from packager.worker.train.calendar_columns import is_timestamp_name, named_part, names_of_parts
from packager.worker.train.dataset import Dataset

NESTED = ("array", "bytes", "list")
"""Kinds of columns that are no parts of a calendar."""
MAX_ROWS = 5_000
"""Maximum number of training rows that are examined, evenly spaced."""
MIN_ROWS = 50
MIN_ROWS_EACH = 5
MIN_CYCLES = 2
"""Minimum rows, and cycles (years, weeks, days), per value of a part to accept a relation to it."""
QUICK_ROWS = 200
MIN_YEAR = 1_000
"""A column equal to a constant year is accepted from this year on."""
MIN_NEW_SHARE = 0.5
"""A feature is nonstationary if more than this share of its held-out values is new."""
ISO = r"\d{4}-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?"
OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Part:
    """A part of a date, for each of n rows; arrays have shape (n,)."""

    numbers: Floats
    """The calendar's number; NaN for null."""
    codes: Codes
    """Codes of equal numbers; -1 for null."""
    first: Codes
    """Index of the first row with the same code."""
    cycles: Codes | None
    """The cycle (year, week, day) of each row; None for a part that never repeats."""


NESTED = ("array", "bytes", "list")
"""Kinds of columns that hold no times and no parts of dates."""


def drift_exclusions(dataset: Dataset, schema: Schema, job: Job) -> dict[str, DriftExclusion]:
    """Features without drift detection, with the reason, in the order of the schema."""
    rows = _evenly(dataset.train)
    moments = dict(_timestamps(rows))
    parts = {
        f"{name} of {moment}": part
        for moment, times in moments.items()
        for name, part in _parts(times).items()
    }
    exclusions: dict[str, DriftExclusion] = {}
    for column in schema.features:
        name = column.name
        if name in job.monitoring_exclude:
            exclusions[name] = DriftExclusion(reason="excluded", detail="[monitoring] exclude")
        elif column.personal is not None:
            exclusions[name] = DriftExclusion(reason="personal", detail=column.personal)
        elif name not in job.monitoring_include and column.kind not in NESTED:
            why = _why(column, rows[name], moments, parts) or _nonstationary(column, dataset, job)
            if why is not None:
                exclusions[name] = why
    return exclusions


def _why(
    column: Column,
    values: pd.Series[Any],
    moments: Mapping[str, pd.Series[Any]],
    parts: Mapping[str, _Part],
) -> DriftExclusion | None:
    if column.name in moments:
        return DriftExclusion(reason="timestamp", detail="a timestamp")
    if column.kind in ("array", "bytes", "list") or not values.notna().any():
        return None
    if is_timestamp_name(column.name, values):
        return DriftExclusion(reason="timestamp", detail="a timestamp as a number")
    part = _related(values, parts)
    if part is not None:
        return DriftExclusion(reason="calendar", detail=part)
    known = names_of_parts(column.name, values) if column.kind == "string" else None
    part = known or named_part(column.name, values)
    return DriftExclusion(reason="calendar", detail=f"{part}, by name and values") if part else None


def _nonstationary(column: Column, dataset: Dataset, job: Job) -> DriftExclusion | None:
    """For a split by time: the exclusion if most held-out values are not in the training data."""
    if job.split.time is None:
        return None
    held_out = dataset.test[column.name].dropna()
    if column.categories is not None:
        outside = int((~held_out.isin(list(column.categories))).sum())
    elif column.minimum is not None and column.maximum is not None:
        lowest, highest = extremes(held_out)
        outside = int(((lowest < column.minimum) | (highest > column.maximum)).sum())
    else:
        return None
    if not len(held_out) or outside <= MIN_NEW_SHARE * len(held_out):
        return None
    share = round(100 * outside / len(held_out))
    return DriftExclusion(
        reason="nonstationary", detail=f"{share} % of the held-out values are new"
    )


def _timestamps(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Timestamp columns as local times, including text columns that are all ISO 8601."""
    for name in rows.columns:
        series = rows[name]
        if pd.api.types.is_datetime64_any_dtype(series.dtype):
            yield str(name), series.dt.tz_localize(None)
            continue
        inferred = pd.api.types.infer_dtype(series, skipna=True)
        if inferred == "date":
            yield str(name), pd.to_datetime(series)
        elif inferred == "string":
            texts = series.dropna().astype(str)
            if len(texts) and texts.iloc[:QUICK_ROWS].str.fullmatch(ISO).all():
                local = series.astype(object).str.replace(OFFSET, "", regex=True)
                times = pd.to_datetime(local, format="ISO8601", errors="coerce")
                if times.notna().sum() == len(texts):
                    yield str(name), times


def _parts(times: pd.Series[Any]) -> dict[str, _Part]:
    """The parts of a date, by name; those that repeat have their cycle."""
    clock = times.dt
    iso = clock.isocalendar()
    # With NumPy, because its days also hold years outside the range of nanoseconds.
    days = pd.Series(times.to_numpy().astype("datetime64[D]").astype(np.int64), times.index)
    components = {
        "month": (clock.month, clock.year),
        "weekday": (clock.day_of_week, days // 7),
        "hour": (clock.hour, days),
        "day": (clock.day, clock.year * 12 + clock.month),
        "week": (iso.week, iso.year),
        "day of the year": (clock.day_of_year, clock.year),
        "year": (clock.year, None),
    }
    return {name: _part(*of) for name, of in components.items()}


def _part(part: pd.Series[Any], cycle: pd.Series[Any] | None) -> _Part:
    codes = _codes(part)
    numbers: Floats = np.asarray(part.astype("float64"), dtype=np.float64)
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    return _Part(
        numbers,
        codes,
        first[which],
        None if cycle is None else _codes(cycle),
    )


def _codes(values: pd.Series[Any]) -> Codes:
    return pd.factorize(values)[0].astype(np.int64)


def _related(values: pd.Series[Any], parts: Mapping[str, _Part]) -> str | None:
    """The part of a date that ``values`` equal, or are a function of; None if there is none.

    They equal a part if they differ from it by a constant. They are a function of it if rows with
    an equal part have equal values over several cycles. For text, one cycle suffices if each
    part has its own value.
    """
    codes = _codes(values)
    numbers = _numbers(values)
    names = numbers is None
    for name, part in parts.items():
        known = (codes >= 0) & (part.codes >= 0)
        if known.sum() < MIN_ROWS:
            continue
        if numbers is not None and _is_part(numbers[known], part.numbers[known]):
            return name
        if _follows(codes, part, QUICK_ROWS) and _repeats(codes, part, known, names):
            return name
    return None


def _numbers(values: pd.Series[Any]) -> Floats | None:
    """Values as numbers, numeric text included; None for other text."""
    numbers: Floats = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return None if np.isnan(numbers[values.notna().to_numpy(bool)]).any() else numbers


def _is_part(values: Floats, part: Floats) -> bool:
    """Whether they differ by a constant; if the part is constant, whether they equal a year."""
    offset = values[0] - part[0]
    if not (values - part == offset).all():
        return False
    return bool((part != part[0]).any()) or (offset == 0 and part[0] >= MIN_YEAR)


def _repeats(codes: Codes, part: _Part, known: npt.NDArray[np.bool_], names: bool) -> bool:
    """Whether ``codes`` are a function of ``part``, shown by enough rows and cycles."""
    if part.cycles is None or not _follows(codes, part, len(codes)):
        return False
    distinct = len(np.unique(part.codes[known]))
    own = len(np.unique(codes[known]))
    if own < 2 or known.sum() < MIN_ROWS_EACH * distinct:
        return False
    cycles = part.cycles[known] * (int(part.codes.max()) + 1) + part.codes[known]
    again = len(np.unique(cycles)) >= MIN_CYCLES * distinct
    return again or (names and own == distinct > 2)


def _follows(codes: Codes, part: _Part, rows: int) -> bool:
    """Whether, in the first ``rows`` rows, equal parts have equal codes; nulls are ignored."""
    codes, parts = codes[:rows], part.codes[:rows]
    known = (codes >= 0) & (parts >= 0)
    if known.all():
        return bool((codes[part.first[:rows]] == codes).all())
    codes, parts = codes[known], parts[known]
    if not len(codes):
        return True
    pairs = np.unique(parts * (int(codes.max()) + 1) + codes)
    return len(pairs) == len(np.unique(parts))


def _evenly(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= MAX_ROWS:
        return rows
    return rows.iloc[np.arange(MAX_ROWS) * len(rows) // MAX_ROWS].reset_index(drop=True)
