"""How features were distributed in the training rows: bins frozen in the package.

Drift is counted per bin, so every bin holds at least 1 % of the reference (with emptier ones the
noise of PSI is not what its formula says). Bins: the distinct values if there are few, else
quantiles; the most frequent categories and ``other``; for text of high cardinality its length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

OTHER = "other"
SMALLEST_SHARE = 0.01
MAX_CATEGORIES = 1_000
LABEL_LENGTH = 60

FeatureKind = Literal["numeric", "categorical", "text_length"]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class FeatureProfile(BaseModel):
    """One feature's bins and how many training rows were in each.

    Numeric and text length: bin ``i`` holds ``edges[i-1] <= value < edges[i]``; the end bins are
    open, so values out of range fall into them. Categorical: bin ``i`` holds ``categories[i]``
    (as text); a last bin ``other``, if there is one, holds everything else. Datetimes are
    numeric, in nanoseconds since 1970 (UTC).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: FeatureKind
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    bins: tuple[str, ...]
    """Labels, all different."""
    counts: tuple[int, ...]
    missing: int
    minimum: float | None = None
    maximum: float | None = None

    def bin_indices(self, values: Any) -> Indices:
        """The bin of each value (anything ``pandas.Series`` takes); -1 for null.

        An unseen category is in ``other``, or -1 where there is no such bin.
        """
        series = values if isinstance(values, pd.Series) else pd.Series(values)
        if self.kind == "categorical":
            return self._category_indices(series)
        numbers = text_lengths(series) if self.kind == "text_length" else numeric(series)
        indices = np.searchsorted(np.asarray(self.edges), numbers, side="right")
        return np.where(np.isnan(numbers), -1, indices).astype(np.int64)

    def _category_indices(self, series: pd.Series[Any]) -> Indices:
        codes, uniques = pd.factorize(series)
        places = {category: place for place, category in enumerate(self.categories)}
        rest = len(self.categories) if len(self.bins) > len(self.categories) else -1
        lookup = [places.get(str(unique), rest) for unique in uniques]
        return np.asarray([*lookup, -1], dtype=np.int64)[codes]


class Profile(BaseModel):
    """The reference for drift: training rows, monitored features, and the others' names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    features: tuple[FeatureProfile, ...]
    left_out: tuple[str, ...]
    """Not monitored: beyond the cap, of mixed kind, or with all rows in one bin."""


def build_profile(
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str]],
    max_features: int = 15,
    max_bins: int = 10,
) -> Profile:
    """Profile the training rows in ``frame``.

    ``columns`` are (name, kind) in order of importance; kinds as in the package's schema:
    number, integer, datetime, boolean, string, any. The first ``max_features`` that fall into at
    least two bins are kept.
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


def numeric(series: pd.Series[Any]) -> Floats:
    """Values as float64, null as NaN; datetimes in nanoseconds since 1970 (UTC)."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        # Scaled as floats: nanoseconds beyond the years 1677 to 2262 don't fit 64 bits.
        naive = series.dt.tz_convert(None) if series.dt.tz is not None else series
        moments = naive.to_numpy()
        scale = pd.Timedelta(1, naive.dt.unit) / pd.Timedelta(1, "ns")
        return np.where(np.isnat(moments), np.nan, moments.view(np.int64) * float(scale))
    return pd.to_numeric(series).to_numpy(dtype=np.float64, na_value=np.nan)


def text_lengths(series: pd.Series[Any]) -> Floats:
    """Number of characters of each text as float64, null as NaN."""
    null = series.isna().to_numpy(bool)
    lengths = [np.nan if empty else len(str(v)) for v, empty in zip(series, null, strict=True)]
    return np.asarray(lengths, dtype=np.float64)


def _build_feature(
    name: str, kind: str, series: pd.Series[Any], max_bins: int
) -> FeatureProfile | None:
    if kind in ("number", "integer"):
        return _numeric_feature(name, "numeric", numeric(series), max_bins)
    if kind == "datetime":
        return _numeric_feature(name, "numeric", numeric(series), max_bins, _moment_text)
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
    # An edge is a value of the data, so its text is as short as the data's.
    quantiles = np.quantile(values, np.arange(1, max_bins) / max_bins, method="higher")
    return np.unique(quantiles[quantiles > distinct[0]])


def _merge_small(edges: Floats, values: Floats) -> Floats:
    """Drop edges until every bin has its share, joining the smallest to its smaller neighbour."""
    while len(edges):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        small = int(counts.argmin())
        if counts[small] >= SMALLEST_SHARE * len(values):
            break
        joined_left = small == len(edges) or (small > 0 and counts[small - 1] <= counts[small + 1])
        edges = np.delete(edges, small - 1 if joined_left else small)
    return edges


def _moment_text(nanoseconds: float) -> str:
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
    least = max(1.0, SMALLEST_SHARE * total)
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
    """Categories as metric labels: of bounded length, and still all different."""
    labels: list[str] = []
    for place, category in enumerate(categories):
        label = category if len(category) <= LABEL_LENGTH else f"{category[:LABEL_LENGTH]}… {place}"
        labels.append(label)
    return labels
