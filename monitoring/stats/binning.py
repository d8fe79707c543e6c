"""Builds a profile: bins of the reference rows of each feature, the most important ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitoring.calendar_values import date_text, time_text
from monitoring.metrics.class_labels import class_text
from monitoring.profile.profile import CONFIDENCE, PREDICTION, FeatureProfile, Profile, numeric
from monitoring.stats.derived_bins import Candidate, derived_candidates
from monitoring.stats.feature_bins import (
    MAX_BINS,
    categorical_feature,
    numeric_feature,
    timestamp_text,
)

if TYPE_CHECKING:
    from monitoring.profile.profile import Floats

MAX_CATEGORIES = 1_000
MAX_FEATURES = 15
_TEXTS: dict[str, Callable[[float], str]] = {
    **dict.fromkeys(("number", "integer", "decimal"), "{:.6g}".format),
    "datetime": timestamp_text,
    "date": date_text,
    "time": time_text,
}
"""Kind → the text of a number that is the edge of a bin."""


def build_profile(
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str]],
    max_features: int = MAX_FEATURES,
    max_bins: int = MAX_BINS,
) -> Profile:
    """Profile the training rows in ``frame``.

    ``columns`` are (name, kind) in order of importance; kinds as in the package's schema. At most
    ``max_features`` features with at least two bins are kept: the first of each column, then the
    second ones of columns with several measures, and so on.
    """
    features: list[FeatureProfile] = []
    waiting = {name: _candidates(name, kind, frame[name], max_bins) for name, kind in columns}
    while waiting and len(features) < max_features:
        for name, candidates in list(waiting.items()):
            if len(features) == max_features:
                break
            feature = next(filter(None, (candidate.make() for candidate in candidates)), None)
            if feature is None:
                del waiting[name]
            else:
                features.append(feature)
    watched = {feature.column for feature in features}
    return Profile(
        rows=len(frame),
        features=tuple(features),
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
        features = [numeric_feature(PREDICTION, numeric(answers), max_bins)]
    else:
        texts = [None if label is None else class_text(label) for label in labels]
        features = [categorical_feature(PREDICTION, pd.Series(texts, dtype=object), max_bins)]
    if confidences is not None:
        features.append(numeric_feature(CONFIDENCE, confidences, max_bins))
    return tuple(feature for feature in features if feature is not None)


def _candidates(name: str, kind: str, series: pd.Series[Any], max_bins: int) -> Iterator[Candidate]:
    """The possible binnings of a column, the most informative first."""
    if kind in ("array", "bytes", "list"):
        yield from derived_candidates(name, series, max_bins)
    elif kind == "string":
        feature = _categories_of(name, series, max_bins)
        if feature is not None:
            yield Candidate(name, lambda: feature)
        elif series.nunique() > 1:
            yield from derived_candidates(name, series, max_bins)
    else:
        yield Candidate(name, lambda: _build_feature(name, kind, series, max_bins))


def _build_feature(
    name: str, kind: str, series: pd.Series[Any], max_bins: int
) -> FeatureProfile | None:
    if kind in _TEXTS:
        return numeric_feature(name, numeric(series), max_bins, _TEXTS[kind])
    return categorical_feature(name, series, max_bins) if kind == "boolean" else None


def _categories_of(name: str, series: pd.Series[Any], max_bins: int) -> FeatureProfile | None:
    """The feature of a text column with few values."""
    few = 1 < series.nunique() <= min(MAX_CATEGORIES, len(series) // 2)
    return categorical_feature(name, series, max_bins) if few else None
