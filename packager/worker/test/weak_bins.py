"""Bins the columns of rows for the search for weak slices: every bin is a line of a slice rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.derived.measures import (
    CATEGORIES,
    COSTLY,
    IMAGES_ONLY,
    LEARNED,
    MEASURES,
    Cells,
    cells_of,
)
from monitoring.derived.texts import MAX_TOKEN_SHARE, TextCells
from monitoring.profile.profile import FeatureProfile, numeric
from monitoring.slices.calendar import CALENDAR, calendar_values
from monitoring.slices.cells import clock_of, plain_values
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.kinds import kind_of
from monitoring.stats.feature_bins import (
    MAX_BINS,
    MIN_SHARE,
    categorical_feature,
    timestamp_text,
)
from packager.worker.test.weak_edges import FINE_BINS, number_edges
from packager.worker.test.weak_terms import (
    Constant,
    Ranges,
    Term,
    TermFeature,
    interval_terms,
    literal,
    missing_term,
    operand,
    value_terms,
)

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_WORDS = 8
"""Words of a text that slices are searched by."""
MAX_CATEGORIES = 1_000
"""A text with more values is searched by what is derived from it."""


def term_features(
    series: pd.Series[Any], name: str, profiled: Mapping[str, FeatureProfile]
) -> list[TermFeature]:
    """What slices are searched by of one column, the most telling first; empty for none.

    ``profiled``: the bins of the package by feature name; a feature without has bins of its own.
    """
    own = operand(name)
    if own is None or not series.notna().any():
        return []
    kind = kind_of(series.dtype)
    if kind == "datetime":
        return [*_times(series, name, own, profiled.get(name))]
    if kind == "number" and not isinstance(series.dtype, pd.CategoricalDtype):
        return _some(_numbers(name, own, numeric(series), profiled.get(name)))
    cells = cells_of(series)
    if cells is not None and not isinstance(cells, TextCells):
        return [*_derived(name, cells, profiled)]
    return [*_values(series, name, own, profiled)]


def _values(
    series: pd.Series[Any], name: str, own: str, profiled: Mapping[str, FeatureProfile]
) -> Iterator[TermFeature]:
    """Categories, booleans and text; text of many values by what is derived from it."""
    known = profiled.get(name)
    plain = plain_values(series)
    cells = TextCells(plain) if _is_text(plain) else None
    if known is None and cells is not None and _many(series):
        yield from _derived(name, cells, profiled)
        yield from _some(_words(name, own, cells))
    else:
        yield from _some(_categories(name, own, plain, known))


def _numbers(
    name: str, own: str, numbers: Floats, known: FeatureProfile | None
) -> TermFeature | None:
    if known is not None and known.kind == "numeric":
        edges = np.asarray(known.edges, np.float64)
    else:
        edges = number_edges(numbers)
    fine = np.union1d(edges, number_edges(numbers, FINE_BINS))
    texts = {edge: literal(edge) or "" for edge in fine.tolist()}
    return _intervals(name, own, (edges, fine), texts, numbers)


def _times(
    series: pd.Series[Any], name: str, own: str, known: FeatureProfile | None
) -> Iterator[TermFeature]:
    clock = clock_of(series)
    assert isinstance(clock, DatetimeUnit)  # columns of dates and times of day are left out
    edges = np.asarray(known.edges) if known else number_edges(numeric(series))
    ticks = plain_values(series)
    yield from _some(_periods(name, own, ticks, edges, clock))
    for part in CALENDAR:
        values = calendar_values(ticks, part, clock)
        named = f"{name}.{part}"
        derived = operand(name, part)
        if derived is None:
            continue
        if part == "hour":
            found = np.array([np.nan if one is None else one for one in values], np.float64)
            yield from _some(_numbers(named, derived, found, None))
        else:
            yield from _some(_categories(named, derived, values, None, most=12))


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
    return _intervals(name, own, (grids[0], np.union1d(*grids)), texts, numbers)


def _derived(
    name: str, cells: Cells, profiled: Mapping[str, FeatureProfile]
) -> Iterator[TermFeature]:
    """The numbers and categories derived from arrays, bytes, lists or text."""
    for measure in MEASURES[cells.kind]:
        named, own = f"{name}.{measure}", operand(name, measure)
        images = measure not in IMAGES_ONLY or getattr(cells, "are_images", False)
        if own is None or measure in LEARNED or not images:
            continue
        if measure in COSTLY and named not in profiled:
            continue
        found = cells.measured(measure, "")
        if measure in CATEGORIES:
            yield from _some(_categories(named, own, list(found), profiled.get(named)))
        else:
            numbers = np.asarray(found, np.float64)
            yield from _some(_numbers(named, own, numbers, profiled.get(named)))


def _words(name: str, own: str, cells: TextCells) -> TermFeature | None:
    """The frequent words of a text; a bin for each set of them that a row has."""
    tokens = _frequent_words(cells)
    if not tokens:
        return None
    bits = {token: 1 << at for at, token in enumerate(tokens)}
    codes = np.array(
        [sum(bits.get(word, 0) for word in set(row or ())) for row in cells.words], np.int64
    )
    terms = [
        Term(
            f"{literal(token)} in {own}.words",
            tuple(code for code in range(1 << len(tokens)) if code >> at & 1),
        )
        for at, token in enumerate(tokens)
    ]
    return TermFeature(f"{name}.words", codes, 1 << len(tokens), tuple(terms))


def _frequent_words(cells: TextCells) -> list[str]:
    """The words of the most texts, but not of most of them, nor of few."""
    times = Counter(word for row in cells.words for word in set(row or ()))
    rows = len(cells.words)
    able = [w for w, n in times.items() if MIN_SHARE * rows <= n <= MAX_TOKEN_SHARE * rows]
    return sorted(sorted(able, key=lambda word: (-times[word], word))[:MAX_WORDS])


def _categories(
    name: str,
    own: str,
    plain: Sequence[Any],
    known: FeatureProfile | None,
    most: int = MAX_BINS,
) -> TermFeature | None:
    """Bins of equal values, the frequent ones; and of the others, and of null."""
    present: dict[str, list[Constant]] = {}
    for value in dict.fromkeys(one for one in plain if one is not None):
        if not isinstance(value, bool | int | float | str):
            return None
        present.setdefault(str(value), []).append(value)
    if known is None or known.kind != "categorical":
        texts = pd.Series([None if one is None else str(one) for one in plain], dtype=object)
        known = categorical_feature(name, texts, most)
    if known is None:
        frequent = tuple(present)[:1]
    else:
        frequent = tuple(text for text in known.categories if text in present)
    if not frequent:
        return None
    values = [present[text] for text in frequent]
    rest = len(present) > len(frequent)
    lookup: dict[Any, int] = {None: len(values) + rest}
    for text, group in present.items():
        place = frequent.index(text) if text in frequent else len(values)
        lookup |= {(type(value), value): place for value in group}
    codes = np.array([lookup[None if one is None else (type(one), one)] for one in plain], np.int64)
    return _with_missing(name, own, codes, len(values) + rest, value_terms(own, values, rest))


def _intervals(
    name: str,
    own: str,
    grids: tuple[Floats, Floats],
    texts: Mapping[float, str],
    numbers: Floats,
) -> TermFeature | None:
    """Ranges of a number; ``grids``: edges, and those of a finer grid, which has them too."""
    edges, fine = grids
    missing = np.isnan(numbers)
    codes = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    counts = np.bincount(codes[~missing], minlength=len(edges) + 1)
    terms = interval_terms(own, [texts[edge] for edge in edges], counts.tolist())
    found = _with_missing(
        name,
        own,
        np.where(missing, len(counts), codes),
        len(counts),
        terms,
    )
    if found is None or not len(edges):
        return found
    within = np.searchsorted(fine, numbers, side="right").astype(np.int64)
    starts = (0, *(int(at) + 1 for at in np.searchsorted(fine, edges)), len(fine) + 1)
    fitted = Ranges(own, tuple(texts[edge] for edge in fine), np.where(missing, -1, within), starts)
    return replace(found, ranges=fitted)


def _with_missing(
    name: str, own: str, codes: Codes, size: int, terms: Sequence[Term]
) -> TermFeature | None:
    """The feature with a bin ``size`` of null, if there is any; None without two bins."""
    null = bool((codes == size).any())
    found = (*terms, *([missing_term(own, size)] if null else []))
    return TermFeature(name, codes, size + null, found) if size + null > 1 and found else None


def _many(series: pd.Series[Any]) -> bool:
    return int(series.nunique()) > min(MAX_CATEGORIES, max(2, len(series) // 2))


def _is_text(plain: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in plain if value is not None)


def _some(found: TermFeature | None) -> list[TermFeature]:
    return [] if found is None else [found]
