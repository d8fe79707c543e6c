"""Bins the columns of rows for the search for weak slices: every bin is a line of a slice rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from monitoring.slices.cells import plain_values
from monitoring.slices.kinds import kind_of
from monitoring.stats.feature_bins import MIN_SHARE
from packager.worker.test.weak_calendar import calendar_features, calendar_unit, time_features
from packager.worker.test.weak_categories import categories
from packager.worker.test.weak_ranges import number_ranges
from packager.worker.test.weak_terms import Term, TermFeature, literal, operand

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_WORDS = 8
"""Words of a text that slices are searched by."""
MAX_CATEGORIES = 1_000
"""A text with more values is searched by what is derived from it."""


def term_features(
    series: pd.Series[Any], name: str, profiled: Mapping[str, FeatureProfile]
) -> list[TermFeature]:
    """The bins of one column for the search of slices, the most informative first; empty for none.

    ``profiled``: the bins of the package by feature name; a feature without has bins of its own.
    """
    own = operand(name)
    if own is None or not series.notna().any():
        return []
    kind = kind_of(series.dtype)
    if kind == "datetime":
        return [*time_features(series, name, own, profiled.get(name))]
    if unit := calendar_unit(series):
        return [*calendar_features(series, name, own, unit, profiled.get(name))]
    if kind == "number" and not isinstance(series.dtype, pd.CategoricalDtype):
        return _some(number_ranges(name, own, numeric(series), profiled.get(name)))
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
        yield from _some(categories(name, own, plain, known))


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
        measured = cells.measured(measure, "")
        if measure in CATEGORIES:
            yield from _some(categories(named, own, list(measured), profiled.get(named)))
        else:
            numbers = np.asarray(measured, np.float64)
            yield from _some(number_ranges(named, own, numbers, profiled.get(named)))


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


def _many(series: pd.Series[Any]) -> bool:
    return int(series.nunique()) > min(MAX_CATEGORIES, max(2, len(series) // 2))


def _is_text(plain: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in plain if value is not None)


def _some(feature: TermFeature | None) -> list[TermFeature]:
    return [] if feature is None else [feature]
