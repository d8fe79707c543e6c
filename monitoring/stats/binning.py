"""Builds a profile: computes bins from the reference rows and counts the rows in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitoring.metrics.class_labels import class_text
from monitoring.profile.profile import (
    CONFIDENCE,
    PREDICTION,
    FeatureKind,
    FeatureProfile,
    Profile,
    numeric,
    text_lengths,
)

if TYPE_CHECKING:
    from monitoring.profile.profile import Floats

OTHER = "other"
MIN_SHARE = 0.01
MAX_CATEGORIES = 1_000
MAX_FEATURES = 15
MAX_BINS = 10
MAX_LABEL_LENGTH = 60


def build_profile(
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str]],
    max_features: int = MAX_FEATURES,
    max_bins: int = MAX_BINS,
) -> Profile:
    """Profile the training rows in ``frame``.

    ``columns`` are (name, kind) in order of importance; kinds as in the package's schema: number,
    integer, datetime, boolean, string, any. The first ``max_features`` with at least two bins are
    kept.
    """
    kept: list[FeatureProfile] = []
    left_out = []
    for name, kind in columns:
        room = len(kept) < max_features
        feature = _build_feature(name, kind, frame[name], max_bins) if room else None
        if feature is None:
            left_out.append(name)
        else:
            kept.append(feature)
    return Profile(rows=len(frame), features=tuple(kept), left_out=tuple(left_out))


def prediction_features(
    labels: Sequence[Any], confidences: Floats | None, regression: bool, max_bins: int = MAX_BINS
) -> tuple[FeatureProfile, ...]:
    """The pseudo-features ``__prediction__`` and ``__confidence__`` of a model's answers.

    ``labels``: one per held-out row, None for no prediction. ``confidences``: probability of the
    predicted class, None if the model gives none. A feature with a single bin is left out.
    """
    if regression:
        answers = pd.Series([np.nan if label is None else label for label in labels], dtype=float)
        found = [_build_feature(PREDICTION, "number", answers, max_bins)]
    else:
        texts = [None if label is None else class_text(label) for label in labels]
        found = [_categorical_feature(PREDICTION, pd.Series(texts, dtype=object), max_bins)]
    if confidences is not None:
        found.append(_build_feature(CONFIDENCE, "number", pd.Series(confidences), max_bins))
    return tuple(feature for feature in found if feature is not None)


def _build_feature(
    name: str, kind: str, series: pd.Series[Any], max_bins: int
) -> FeatureProfile | None:
    if kind in ("number", "integer"):
        return _numeric_feature(name, "numeric", numeric(series), max_bins)
    if kind == "datetime":
        return _numeric_feature(name, "numeric", numeric(series), max_bins, _timestamp_text)
    if kind == "boolean":
        return _categorical_feature(name, series, max_bins)
    if kind == "string":
        few = series.nunique() <= min(MAX_CATEGORIES, len(series) // 2)
        feature = _categorical_feature(name, series, max_bins) if few else None
        return feature or _numeric_feature(name, "text_length", text_lengths(series), max_bins)
    return None


def _numeric_feature(
    name: str,
    kind: FeatureKind,
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
    counts = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(edges) + 1)
    return FeatureProfile(
        name=name,
        kind=kind,
        edges=tuple(edges.tolist()),
        bins=_interval_labels(edges, text),
        counts=tuple(counts.tolist()),
        missing=len(numbers) - len(present),
        minimum=float(finite.min()),
        maximum=float(finite.max()),
    )


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
