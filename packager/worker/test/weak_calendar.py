"""Times, dates, times of day and decimals as bins, for the search for weak slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.calendar_values import (
    CalendarUnit,
    CalendarValue,
    date_text,
    number_of,
    time_text,
)
from monitoring.profile.profile import FeatureProfile, numeric
from monitoring.slices.calendar import CALENDAR, calendar_values
from monitoring.slices.cells import clock_of, plain_values
from monitoring.slices.clock import Clock, DatetimeUnit
from monitoring.stats.feature_bins import timestamp_text
from packager.worker.test.weak_categories import categories
from packager.worker.test.weak_edges import FINE_BINS, number_edges
from packager.worker.test.weak_ranges import intervals, number_ranges
from packager.worker.test.weak_terms import TermFeature, literal, operand

Floats = npt.NDArray[np.float64]

_PARTS = {"date": ("weekday", "month"), "time": (), "decimal": ()}
"""Parts that are searched beside ranges: the hour of a time of day is a range of it."""
_TEXTS: Mapping[str, Callable[[float], str]] = {"date": date_text, "time": time_text}


def time_features(
    series: pd.Series[Any], name: str, own: str, known: FeatureProfile | None
) -> Iterator[TermFeature]:
    """Ranges of a column of datetimes, hours, weekdays and months."""
    clock = clock_of(series)
    assert isinstance(clock, DatetimeUnit)
    edges = np.asarray(known.edges) if known else number_edges(numeric(series))
    ticks = plain_values(series)
    if feature := _periods(name, own, ticks, edges, clock):
        yield feature
    yield from _parts(name, ticks, clock, CALENDAR)


def calendar_unit(series: pd.Series[Any]) -> CalendarUnit | None:
    """The unit of a column that holds nothing but dates, times of day or decimals, and null."""
    clock = clock_of(series)
    if not isinstance(clock, CalendarUnit) or series.dtype != object:
        return None
    return clock if pd.api.types.infer_dtype(series) == clock.kind else None


def calendar_features(
    series: pd.Series[Any],
    name: str,
    own: str,
    unit: CalendarUnit,
    known: FeatureProfile | None,
) -> Iterator[TermFeature]:
    """Ranges of a column of dates, times of day or decimals; of dates weekdays and months, too."""
    values = plain_values(series)
    numbers = _decimals(values) if unit.kind == "decimal" else numeric(series)
    edges = np.asarray(known.edges, np.float64) if known else number_edges(numbers)
    grids: list[Floats] = []
    texts: dict[float, str] = {}
    for some in (edges, number_edges(numbers, FINE_BINS)):
        labels = {_edge(unit, moment): _constant(unit, moment) for moment in some.tolist()}
        grids.append(np.array(sorted(labels), np.float64))
        texts |= labels
    if feature := intervals(name, own, (grids[0], np.union1d(*grids)), texts, numbers):
        yield feature
    yield from _parts(name, values, unit, _PARTS[unit.kind])


def _parts(
    name: str, ticks: Sequence[Any], clock: Clock, parts: Sequence[str]
) -> Iterator[TermFeature]:
    for part in parts:
        values = calendar_values(ticks, part, clock)
        named = f"{name}.{part}"
        derived = operand(name, part)
        if derived is None:
            continue
        if part == "hour":
            hours = np.array([np.nan if value is None else value for value in values], np.float64)
            feature = number_ranges(named, derived, hours, None)
        else:
            feature = categories(named, derived, values, None, most=12)
        if feature is not None:
            yield feature


def _periods(
    name: str, own: str, ticks: Sequence[int | None], moments: Floats, clock: DatetimeUnit
) -> TermFeature | None:
    """Ranges of a time, with edges at whole seconds; ``moments``: nanoseconds since 1970."""
    numbers = np.array([np.nan if tick is None else tick for tick in ticks], np.float64)
    scale = float(clock.nanoseconds)
    zone = "Z" if clock.zone else ""
    texts: dict[float, str] = {}
    grids = []
    for some in (moments, number_edges(numbers * scale, FINE_BINS)):
        seconds = sorted({timestamp_text(moment) + zone for moment in some})
        grids.append(np.array([float(clock.ticks(text)) for text in seconds], np.float64))
        texts |= {edge: f'"{text}"' for edge, text in zip(grids[-1], seconds, strict=True)}
    return intervals(name, own, (grids[0], np.union1d(*grids)), texts, numbers)


def _constant(unit: CalendarUnit, number: float) -> str:
    """The constant of a rule at ``number``."""
    if unit.kind == "decimal":
        return literal(number) or ""
    return f'"{_TEXTS[unit.kind](number)}"'


def _edge(unit: CalendarUnit, number: float) -> float:
    """The number of that constant: whole days, microseconds."""
    if unit.kind == "decimal":
        return number
    return number_of(cast(CalendarValue, unit.constant(_TEXTS[unit.kind](number))))


def _decimals(values: Sequence[Decimal | None]) -> Floats:
    """Decimals as numbers that compare with edges as the decimals do with the edges' constants.

    The constant of an edge is its shortest text. A decimal below the text of its own nearest number
    becomes the next lower number.
    """
    numbers = np.full(len(values), np.nan)
    for at, value in enumerate(values):
        if value is not None:
            near = float(value)
            numbers[at] = near if value >= Decimal(repr(near)) else np.nextafter(near, -np.inf)
    return numbers
