"""Bins of the numbers and categories derived from arrays, bytes, lists and text.

A measure that is nearly constant has bins too, some of which may be empty: an image of another
format or size is drift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from monitoring.derived.arrays import ArrayCells
from monitoring.derived.files import BytesCells
from monitoring.derived.lists import ListCells
from monitoring.derived.measures import CATEGORIES, IMAGES_ONLY, MEASURES, Cells, cells_of
from monitoring.derived.texts import TextCells
from monitoring.profile.profile import FeatureProfile, derived_series
from monitoring.stats.feature_bins import (
    OTHER,
    categorical_feature,
    category_labels,
    count_bins,
    numeric_feature,
)

if TYPE_CHECKING:
    from monitoring.profile.profile import Floats

MAX_UNSEEN = 0.5
"""With a larger median share of words that no other row holds, the share says nothing."""
UNSEEN_QUANTILE = 0.98
MIN_MEASURED = 0.9
"""A measure that fewer rows have is not monitored: brightness, where most images are not read."""


MIN_NEAREST_ROWS = 20
"""Arrays whose distances to centres of others are a reference."""


class Candidate(NamedTuple):
    """A column, or one of its measures, that may be monitored."""

    name: str
    make: Callable[[], FeatureProfile | None]
    """None if all rows are in one bin."""


def derived_candidates(name: str, series: pd.Series[Any], max_bins: int) -> Iterator[Candidate]:
    """The possible binnings of a column of such cells, the most informative measure first."""
    cells = cells_of(series)
    if cells is None:
        return
    images = not isinstance(cells, BytesCells) or cells.are_images
    floats = isinstance(cells, ArrayCells) and cells.may_be_infinite
    for measure in MEASURES[cells.kind]:
        if (images or measure not in IMAGES_ONLY) and (floats or measure != "nonfinite"):
            yield Candidate(
                f"{name}.{measure}",
                lambda measure=measure: _derived_feature(name, measure, cells, max_bins),  # type: ignore[misc]
            )


def _derived_feature(name: str, measure: str, cells: Cells, max_bins: int) -> FeatureProfile | None:
    """The bins of a measure; None if it says nothing about these cells."""
    learned = ""
    if measure == "distance" and isinstance(cells, ArrayCells):
        learned = cells.learn()
    elif measure == "token" and isinstance(cells, TextCells):
        learned = cells.learn_tokens()
    elif measure == "unseen" and isinstance(cells, TextCells | ListCells):
        learned, shares = cells.learn_vocabulary()
        feature = _unseen_feature(f"{name}.{measure}", shares)
        return feature and feature.model_copy(update={"measure": measure, "learned": learned})
    if measure == "nearest" and isinstance(cells, ArrayCells | BytesCells):
        return nearest_feature(name, cells, max_bins)
    measured = cells.measured(measure, learned)
    column, values = f"{name}.{measure}", derived_series(measured)
    if measure in CATEGORIES:
        feature = categorical_feature(column, values, max_bins) or _one_category(column, values)
    else:
        numbers = values.to_numpy(np.float64)
        if np.isfinite(numbers).mean() < MIN_MEASURED:
            return None
        feature = numeric_feature(column, numbers, max_bins) or _one_number(column, numbers)
    extra = {"measure": measure, "learned": learned}
    return None if feature is None else feature.model_copy(update=extra)


def nearest_feature(
    name: str, cells: ArrayCells | BytesCells, max_bins: int
) -> FeatureProfile | None:
    """Bins of the distances of half of the arrays or images to the nearest centre of the others.

    A row that the centres were learned from is nearer to them, so it is no reference.
    """
    found_centres = cells.learn_nearest()
    if found_centres is None:
        return None
    learned, numbers = found_centres
    known = np.isfinite(numbers)
    if known.sum() < MIN_NEAREST_ROWS:
        return None
    if isinstance(cells, BytesCells) and known.mean() < MIN_MEASURED:
        return None
    feature = numeric_feature(f"{name}.nearest", numbers, max_bins)
    return feature and feature.model_copy(update={"measure": "nearest", "learned": learned})


def embedding_features(
    name: str, learned: ArrayCells, reference: ArrayCells, max_bins: int
) -> list[FeatureProfile]:
    """Bins of the distances of ``reference`` to the mean and the nearest centre of ``learned``.

    A measure whose values are all in one bin, or of fewer than 20 arrays, is left out.
    """
    features = []
    for measure, taught in (("distance", learned.learn()), ("nearest", learned.centres())):
        numbers = reference.measured(measure, taught)
        if np.isfinite(numbers).sum() >= MIN_NEAREST_ROWS:
            feature = numeric_feature(f"{name}.{measure}", numbers, max_bins)
            if feature is not None:
                extra = {"measure": measure, "learned": taught}
                features.append(feature.model_copy(update=extra))
    return features


def _unseen_feature(name: str, shares: Floats) -> FeatureProfile | None:
    """Two bins: shares up to the 98 % quantile, and larger ones, of which there may be none.

    Rows that are training rows have no unseen words, and are no drift.
    """
    present = shares[~np.isnan(shares)]
    if not len(present) or np.median(present) > MAX_UNSEEN:
        return None
    usual = float(np.quantile(present, UNSEEN_QUANTILE, method="higher"))
    edges = np.array([np.nextafter(usual, np.inf)])
    return FeatureProfile(
        name=name,
        kind="numeric",
        edges=tuple(edges.tolist()),
        bins=(f"<= {usual:.3g}", f"> {usual:.3g}"),
        counts=count_bins(edges, present),
        missing=len(shares) - len(present),
        minimum=float(present.min()),
        maximum=float(present.max()),
    )


def _one_category(name: str, series: pd.Series[Any]) -> FeatureProfile | None:
    """Bins of nearly constant categories: the commonest and ``other``, which may be empty."""
    times = series[series != OTHER].value_counts()
    if not len(times):
        return None
    text = min(times.index[times == times.max()])
    counts = (int(times[text]), int(series.notna().sum() - times[text]))
    return FeatureProfile(
        name=name,
        kind="categorical",
        categories=(text,),
        bins=(*category_labels([text]), OTHER),
        counts=counts,
        missing=int(series.isna().sum()),
    )


def _one_number(name: str, numbers: Floats) -> FeatureProfile | None:
    """Bins of nearly constant numbers: the commonest, below and above it, which may be empty."""
    present = numbers[np.isfinite(numbers)]
    if not len(present):
        return None
    values, times = np.unique(present, return_counts=True)
    value = float(values[times.argmax()])
    edges = np.array([value, np.nextafter(value, np.inf)])
    text = f"{value:.6g}"
    return FeatureProfile(
        name=name,
        kind="numeric",
        edges=tuple(edges.tolist()),
        bins=(f"< {text}", text, f"> {text}"),
        counts=count_bins(edges, present),
        missing=len(numbers) - len(present),
        minimum=float(present.min()),
        maximum=float(present.max()),
    )
