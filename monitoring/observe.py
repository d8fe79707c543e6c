"""Counting answered rows: kept for a moment, added up together, written to the counters.

A counter in a shared file costs a microsecond a touch and there are dozens of them to a row; the
rows of a quarter of a second, counted column by column, cost a twentieth of that each. What was
not flushed is lost with the process.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitoring.metrics import Metrics
from monitoring.profile import CONFIDENCE, PREDICTION, FeatureProfile, Profile
from monitoring.slices import SliceSet
from monitoring.times import Clock

FLUSH_SECONDS = 0.25
"""How often a server flushes: what a kill may lose."""
KEPT_ROWS = 1_000
"""Rows that are kept before they are counted; counting them takes about a millisecond."""

Floats = npt.NDArray[np.float64]
Probabilities = npt.NDArray[np.float64] | Sequence[Sequence[float]]


@dataclass(slots=True)
class Batch:
    """The rows of one answered request; n of them."""

    columns: Sequence[Sequence[Any]]
    """Per column n plain values, None for null; features, then extras, in schema order."""
    labels: Sequence[Any]
    """n predictions; None where there is none."""
    probabilities: Probabilities | None
    """n by classes."""
    bitmaps: Sequence[int]
    """Per row the slices it is in."""
    flags: Sequence[Sequence[str]]
    """Per row, ``feature:reason``."""
    anomalies: Mapping[tuple[str, str], int]
    """(feature, kind) → values."""
    tokens: Sequence[str] | None = None
    """One a row; None where there is no feedback."""
    compiled: int = 0
    """Rows that the compiled form answered; the native model the others."""


class _Bins(Protocol):
    """Counts of one feature's values by bin."""

    counts: list[int]

    def add_many(self, values: Any) -> None: ...


class Observer:
    """Counts the answers of one worker; to be called from one thread."""

    def __init__(
        self,
        columns: Sequence[str],
        profile: Profile | None,
        slices: SliceSet,
        metrics: Metrics,
        clocks: Mapping[str, Clock] | None = None,
    ) -> None:
        """``columns``: names of a batch's columns; ``clocks``: of those that are datetimes."""
        self._metrics = metrics
        self._calibration = profile.calibration if profile else None
        self._classes = {c: place for place, c in enumerate(metrics.classes or ())}
        self._regression = metrics.classes is None
        clocks = clocks or {}
        profiles = {f.name: f for f in profile.features} if profile else {}
        self._features = [
            (columns.index(name), name, _bins(feature, clocks.get(name)))
            for name, feature in profiles.items()
            if name not in (PREDICTION, CONFIDENCE)
        ]
        self._prediction = _bins(profiles[PREDICTION]) if PREDICTION in profiles else None
        self._confidence = _bins(profiles[CONFIDENCE]) if CONFIDENCE in profiles else None
        self._slices = len(slices.names)
        self._kept: list[Batch] = []
        self._kept_rows = 0
        self._clear()

    @property
    def dirty(self) -> bool:
        """Whether there is something to flush beside histograms."""
        return bool(self._kept or self._tallies or self._anomalies)

    def observe(self, batch: Batch) -> None:
        """Count the rows of an answered request; the batch must not change any more."""
        rows = len(batch.labels)
        self._metrics.observe_rows(rows)
        self._kept.append(batch)
        self._kept_rows += rows
        if self._kept_rows >= KEPT_ROWS:
            self._count()

    def refused(self, column: str | None) -> None:
        """A request was refused for a value of this column that can't be taken."""
        if column is not None:
            self._anomalies[column, "invalid"] += 1

    def flush(self) -> None:
        """Write everything counted since the last time to the counters."""
        self._count()
        metrics = self._metrics
        for _, name, bins in self._features:
            _write(metrics, name, bins)
        for name, answers in ((PREDICTION, self._prediction), (CONFIDENCE, self._confidence)):
            if answers is not None:
                _write(metrics, name, answers)
        metrics.add_predictions(self._labels)
        metrics.add_paths(self._compiled, self._rows - self._compiled)
        metrics.add_slices((b, t.rows, t.estimated, t.correct) for b, t in self._tallies.items())
        metrics.add_anomalies(self._anomalies)
        metrics.add_suspicious(self._suspicious)
        metrics.flush()
        self._clear()

    def _clear(self) -> None:
        self._rows = self._compiled = 0
        self._labels: Tally[Any] = Tally()
        self._tallies: dict[int, _Tally] = {}
        self._anomalies: Tally[tuple[str, str]] = Tally()
        self._suspicious: Tally[str] = Tally()

    def _tally(self, bitmap: int) -> _Tally:
        tally = self._tallies.get(bitmap)
        if tally is None:
            tally = self._tallies[bitmap] = _Tally()
        return tally

    def _count(self) -> None:
        """Add up what is kept."""
        kept, self._kept, self._kept_rows = self._kept, [], 0
        if not kept:
            return
        labels = _joined(batch.labels for batch in kept)
        self._rows += len(labels)
        self._compiled += sum(batch.compiled for batch in kept)
        for place, _, bins in self._features:
            bins.add_many(_joined(batch.columns[place] for batch in kept))
        missing = sum(label is None for label in labels)
        counted = Tally({0.0: len(labels) - missing, None: missing})
        self._labels.update(counted if self._regression else Tally(labels))
        if self._prediction is not None:
            self._prediction.add_many(labels)
        for bitmap, rows in Tally(_joined(batch.bitmaps for batch in kept)).items():
            self._tally(bitmap).rows += rows
        self._add_confidences([batch for batch in kept if batch.probabilities is not None])
        for batch in kept:
            for key, count in batch.anomalies.items():
                self._anomalies[key] += count
            for flags in batch.flags:
                if flags:
                    self._suspicious.update({flag.rpartition(":")[2] for flag in flags})

    def _add_confidences(self, batches: Sequence[Batch]) -> None:
        if not batches:
            return
        labels = _joined(batch.labels for batch in batches)
        confidences = self._confidences(
            labels, np.concatenate([np.asarray(b.probabilities, np.float64) for b in batches])
        )
        if self._confidence is not None:
            self._confidence.add_many(confidences)
        if self._calibration is None:
            return
        correct = self._calibration.correct_many(confidences)
        known = ~np.isnan(correct)
        bitmaps = np.asarray(_joined(batch.bitmaps for batch in batches))[known]
        kinds, which = np.unique(bitmaps, return_inverse=True)
        counts = np.bincount(which, minlength=len(kinds))
        sums = np.bincount(which, weights=correct[known], minlength=len(kinds))
        for bitmap, count, total in zip(
            kinds.tolist(), counts.tolist(), sums.tolist(), strict=True
        ):
            tally = self._tally(bitmap)
            tally.estimated += count
            tally.correct += total

    def _confidences(self, labels: Sequence[Any], chances: Floats) -> Floats:
        places = np.array([self._classes.get(label, -1) for label in labels])
        chosen = chances[np.arange(len(places)), np.maximum(places, 0)]
        found: Floats = np.where(places >= 0, chosen, chances.max(axis=1))
        return found


class _Tally:
    """What is added up for the rows of one combination of slices."""

    __slots__ = ("correct", "estimated", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.estimated = 0
        self.correct = 0.0


class _Numbers:
    """A number is in the bin its value falls into, in the profile's unit."""

    def __init__(self, feature: FeatureProfile, scale: int) -> None:
        self._edges = np.asarray(feature.edges)
        self._scale = float(scale)
        self.counts = [0] * len(feature.bins)

    def add_many(self, values: Sequence[Any] | Floats) -> None:
        numbers = np.array(values, np.float64) * self._scale  # None becomes NaN
        places = np.searchsorted(self._edges, numbers[~np.isnan(numbers)], side="right")
        found = np.bincount(places, minlength=len(self.counts)).tolist()
        self.counts = [a + b for a, b in zip(self.counts, found, strict=True)]


class _Texts:
    """A value is in the bin of its text, or of its length."""

    def __init__(self, feature: FeatureProfile) -> None:
        self._places = {category: place for place, category in enumerate(feature.categories)}
        known = len(feature.categories)
        self._rest = known if len(feature.bins) > known else -1
        self._edges = list(feature.edges)
        self._by_length = feature.kind == "text_length"
        self.counts = [0] * len(feature.bins)

    def add_many(self, values: Sequence[Any]) -> None:
        for value, times in Tally(values).items():
            place = self._place(value)
            if place >= 0:
                self.counts[place] += times

    def _place(self, value: Any) -> int:
        if value is None:
            return -1
        text = value if type(value) is str else str(value)
        if self._by_length:
            return bisect_right(self._edges, len(text))
        return self._places.get(text, self._rest)


def _joined(parts: Iterable[Sequence[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))


def _bins(feature: FeatureProfile, clock: Clock | None = None) -> _Bins:
    if feature.kind == "numeric":
        return _Numbers(feature, clock.nanoseconds if clock else 1)
    return _Texts(feature)


def _write(metrics: Metrics, name: str, bins: _Bins) -> None:
    if any(bins.counts):
        metrics.add_bins(name, bins.counts)
        bins.counts = [0] * len(bins.counts)
