"""Bins of one feature: of numbers, quantiles or distinct values; of categories, the frequent ones.

Every bin holds a minimum share of the reference rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitoring.profile.profile import FeatureProfile

if TYPE_CHECKING:
    from monitoring.profile.profile import Floats

OTHER = "other"
MIN_SHARE = 0.01
MAX_BINS = 10
MAX_LABEL_LENGTH = 60


def numeric_feature(
    name: str,
    numbers: Floats,
    max_bins: int,
    text: Callable[[float], str] = "{:.6g}".format,
) -> FeatureProfile | None:
    """Bins of numbers, of which NaN is missing; None if all are in one bin."""
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
        counts=count_bins(edges, present),
        missing=len(numbers) - len(present),
        minimum=float(finite.min()),
        maximum=float(finite.max()),
    )


def count_bins(edges: Floats, values: Floats) -> tuple[int, ...]:
    """The number of values between the edges: one more than edges."""
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


def timestamp_text(nanoseconds: float) -> str:
    """A time as text, in seconds."""
    return str(np.datetime64(int(nanoseconds // 1e9), "s"))


def _interval_labels(edges: Floats, text: Callable[[float], str]) -> tuple[str, ...]:
    texts = [text(edge) for edge in edges]
    if len(set(texts)) < len(texts):
        texts = [repr(float(edge)) for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(texts)]
    return (f"< {texts[0]}", *inner, f">= {texts[-1]}")


def categorical_feature(name: str, series: pd.Series[Any], max_bins: int) -> FeatureProfile | None:
    """Bins of the most frequent values as text, and ``other``; None if all are in one bin."""
    counts: dict[str, int] = {}
    for value, count in series.value_counts().items():
        counts[str(value)] = counts.get(str(value), 0) + int(count)
    total = sum(counts.values())
    least = max(1.0, MIN_SHARE * total)
    categories = sorted((text for text in counts if text != OTHER), key=lambda t: (-counts[t], t))
    whole = len(categories) == len(counts) and len(categories) <= max_bins
    categories = [text for text in categories if counts[text] >= least][
        : max_bins if whole else max_bins - 1
    ]
    rest = total - sum(counts[text] for text in categories)
    while 0 < rest < least and categories:
        rest += counts[categories.pop()]
    categories.sort()
    reference = [counts[text] for text in categories] + ([rest] if rest else [])
    if len(reference) < 2:
        return None
    return FeatureProfile(
        name=name,
        kind="categorical",
        categories=tuple(categories),
        bins=(*category_labels(categories), *([OTHER] if rest else [])),
        counts=tuple(reference),
        missing=int(series.isna().sum()),
    )


def category_labels(categories: Sequence[str]) -> list[str]:
    """Categories as metric labels: of bounded length, and all different."""
    labels: list[str] = []
    for index, category in enumerate(categories):
        label = (
            category
            if len(category) <= MAX_LABEL_LENGTH
            else f"{category[:MAX_LABEL_LENGTH]}… {index}"
        )
        labels.append(label)
    return labels
