"""Builds a profile: computes bins from the reference rows and counts the rows in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from monitoring.derived.arrays import ArrayCells
from monitoring.derived.files import BytesCells
from monitoring.derived.lists import ListCells
from monitoring.derived.measures import CATEGORIES, IMAGES_ONLY, MEASURES, Cells, cells_of
from monitoring.derived.texts import TextCells
from monitoring.metrics.class_labels import class_text
from monitoring.profile.profile import (
    CONFIDENCE,
    PREDICTION,
    FeatureProfile,
    Profile,
    derived_series,
    numeric,
)

if TYPE_CHECKING:
    from monitoring.profile.profile import Floats

OTHER = "other"
MIN_SHARE = 0.01
MAX_CATEGORIES = 1_000
MAX_FEATURES = 15
MAX_BINS = 10
MAX_LABEL_LENGTH = 60
MAX_UNSEEN = 0.5
"""With a larger median share of words that no other row holds, the share says nothing."""
UNSEEN_QUANTILE = 0.98
MIN_MEASURED = 0.9
"""A measure that fewer rows have is not monitored: brightness, where most images are no PNG."""


class _Candidate(NamedTuple):
    """A column, or one of its measures, that may be monitored."""

    name: str
    make: Callable[[], FeatureProfile | None]
    """None if all rows are in one bin."""


def build_profile(
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str]],
    max_features: int = MAX_FEATURES,
    max_bins: int = MAX_BINS,
) -> Profile:
    """Profile the training rows in ``frame``.

    ``columns`` are (name, kind) in order of importance; kinds as in the package's schema: number,
    integer, datetime, boolean, string, array, bytes, list, any. At most ``max_features`` features
    with at least two bins are kept: the first of each column, then the second ones of columns with
    several measures, and so on.
    """
    kept: list[FeatureProfile] = []
    waiting = {name: _candidates(name, kind, frame[name], max_bins) for name, kind in columns}
    while waiting and len(kept) < max_features:
        for name, candidates in list(waiting.items()):
            if len(kept) == max_features:
                break
            feature = next(filter(None, (candidate.make() for candidate in candidates)), None)
            if feature is None:
                del waiting[name]
            else:
                kept.append(feature)
    watched = {feature.column for feature in kept}
    return Profile(
        rows=len(frame),
        features=tuple(kept),
        left_out=tuple(name for name, _ in columns if name not in watched),
        unwatched=tuple(
            candidate.name
            for name, candidates in waiting.items()
            if name in watched
            for candidate in candidates
        ),
    )


def prediction_features(
    labels: Sequence[Any], confidences: Floats | None, regression: bool, max_bins: int = MAX_BINS
) -> tuple[FeatureProfile, ...]:
    """The pseudo-features ``__prediction__`` and ``__confidence__`` of a model's answers.

    ``labels``: one per held-out row, None for no prediction. ``confidences``: probability of the
    predicted class, None if the model gives none. A feature with a single bin is left out.
    """
    if regression:
        answers = pd.Series([np.nan if label is None else label for label in labels], dtype=float)
        found = [_numeric_feature(PREDICTION, numeric(answers), max_bins)]
    else:
        texts = [None if label is None else class_text(label) for label in labels]
        found = [_categorical_feature(PREDICTION, pd.Series(texts, dtype=object), max_bins)]
    if confidences is not None:
        found.append(_numeric_feature(CONFIDENCE, confidences, max_bins))
    return tuple(feature for feature in found if feature is not None)


def _candidates(
    name: str, kind: str, series: pd.Series[Any], max_bins: int
) -> Iterator[_Candidate]:
    """What may be monitored of a column, the most telling first."""
    if kind in ("array", "bytes", "list"):
        yield from _derived_candidates(name, series, max_bins)
    elif kind == "string":
        feature = _categories_of(name, series, max_bins)
        if feature is not None:
            yield _Candidate(name, lambda: feature)
        elif series.nunique() > 1:
            yield from _derived_candidates(name, series, max_bins)
    else:
        yield _Candidate(name, lambda: _build_feature(name, kind, series, max_bins))


def _build_feature(
    name: str, kind: str, series: pd.Series[Any], max_bins: int
) -> FeatureProfile | None:
    if kind in ("number", "integer"):
        return _numeric_feature(name, numeric(series), max_bins)
    if kind == "datetime":
        return _numeric_feature(name, numeric(series), max_bins, _timestamp_text)
    return _categorical_feature(name, series, max_bins) if kind == "boolean" else None


def _categories_of(name: str, series: pd.Series[Any], max_bins: int) -> FeatureProfile | None:
    """The feature of a text column with few values."""
    few = 1 < series.nunique() <= min(MAX_CATEGORIES, len(series) // 2)
    return _categorical_feature(name, series, max_bins) if few else None


def _derived_candidates(name: str, series: pd.Series[Any], max_bins: int) -> Iterator[_Candidate]:
    cells = cells_of(series)
    if cells is None:
        return
    for measure in MEASURES[cells.kind]:
        if measure not in IMAGES_ONLY or (isinstance(cells, BytesCells) and cells.are_images):
            yield _Candidate(
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
    found = cells.measured(measure, learned)
    column, values = f"{name}.{measure}", derived_series(found)
    if measure in CATEGORIES:
        feature = _categorical_feature(column, values, max_bins) or _one_category(column, values)
    else:
        numbers = values.to_numpy(np.float64)
        if np.isfinite(numbers).mean() < MIN_MEASURED:
            return None
        feature = _numeric_feature(column, numbers, max_bins) or _one_number(column, numbers)
    extra = {"measure": measure, "learned": learned}
    return None if feature is None else feature.model_copy(update=extra)


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
        counts=_counts(edges, present),
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
        bins=(*_category_labels([text]), OTHER),
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
        counts=_counts(edges, present),
        missing=len(numbers) - len(present),
        minimum=float(present.min()),
        maximum=float(present.max()),
    )


def _numeric_feature(
    name: str,
    numbers: Floats,
    max_bins: int,
    text: Callable[[float], str] = "{:.6g}".format,
) -> FeatureProfile | None:
    present = numbers[~np.isnan(numbers)]
    finite = present[np.isfinite(present)]
    if not len(finite):
        return None
    edges = _merge_small(_edges(finite, max_bins), present)
    if not len(edges):
        return None
    return FeatureProfile(
        name=name,
        kind="numeric",
        edges=tuple(edges.tolist()),
        bins=_interval_labels(edges, text),
        counts=_counts(edges, present),
        missing=len(numbers) - len(present),
        minimum=float(finite.min()),
        maximum=float(finite.max()),
    )


def _counts(edges: Floats, values: Floats) -> tuple[int, ...]:
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return tuple(counts.tolist())


def _edges(values: Floats, max_bins: int) -> Floats:
    distinct = np.unique(values)
    if len(distinct) <= max_bins:
        return distinct[1:]
    # Edges are values of the data, so their text is as short as the data's.
    quantiles = np.quantile(values, np.arange(1, max_bins) / max_bins, method="higher")
    return np.unique(quantiles[quantiles > distinct[0]])


def _merge_small(edges: Floats, values: Floats) -> Floats:
    """Drop edges until every bin has ``MIN_SHARE``, merging the smallest with a neighbour."""
    while len(edges):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        small = int(counts.argmin())
        if counts[small] >= MIN_SHARE * len(values):
            break
        joined_left = small == len(edges) or (small > 0 and counts[small - 1] <= counts[small + 1])
        edges = np.delete(edges, small - 1 if joined_left else small)
    return edges


def _timestamp_text(nanoseconds: float) -> str:
    return str(np.datetime64(int(nanoseconds // 1e9), "s"))


def _interval_labels(edges: Floats, text: Callable[[float], str]) -> tuple[str, ...]:
    texts = [text(edge) for edge in edges]
    if len(set(texts)) < len(texts):
        texts = [repr(float(edge)) for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(texts)]
    return (f"< {texts[0]}", *inner, f">= {texts[-1]}")


def _categorical_feature(name: str, series: pd.Series[Any], max_bins: int) -> FeatureProfile | None:
    counts: dict[str, int] = {}
    for value, count in series.value_counts().items():
        counts[str(value)] = counts.get(str(value), 0) + int(count)
    total = sum(counts.values())
    least = max(1.0, MIN_SHARE * total)
    kept = sorted((text for text in counts if text != OTHER), key=lambda t: (-counts[t], t))
    whole = len(kept) == len(counts) and len(kept) <= max_bins
    kept = [text for text in kept if counts[text] >= least][: max_bins if whole else max_bins - 1]
    rest = total - sum(counts[text] for text in kept)
    while 0 < rest < least and kept:
        rest += counts[kept.pop()]
    kept.sort()
    reference = [counts[text] for text in kept] + ([rest] if rest else [])
    if len(reference) < 2:
        return None
    return FeatureProfile(
        name=name,
        kind="categorical",
        categories=tuple(kept),
        bins=(*_category_labels(kept), *([OTHER] if rest else [])),
        counts=tuple(reference),
        missing=int(series.isna().sum()),
    )


def _category_labels(categories: Sequence[str]) -> list[str]:
    """Categories as metric labels: of bounded length, and all different."""
    labels: list[str] = []
    for place, category in enumerate(categories):
        label = (
            category
            if len(category) <= MAX_LABEL_LENGTH
            else f"{category[:MAX_LABEL_LENGTH]}… {place}"
        )
        labels.append(label)
    return labels
