"""Counting answered rows: added up in plain Python, written to the counters by ``flush``.

A counter in a shared file costs a microsecond a touch and there are dozens of them to a row; an
addition to a list costs a twentieth of that. What was not flushed is lost with the process.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitoring.metrics import Metrics
from monitoring.profile import CONFIDENCE, PREDICTION, FeatureProfile, Profile
from monitoring.slices import SliceSet
from monitoring.times import Clock

FLUSH_SECONDS = 0.25
"""How often a server flushes: what a kill may lose."""
_FEW = 32  # values up to which Python is quicker than starting NumPy

Floats = npt.NDArray[np.float64]
Probabilities = npt.NDArray[np.float64] | Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
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

    def add(self, value: Any) -> None: ...

    def add_many(self, values: Sequence[Any]) -> None: ...


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
        self._clear()

    @property
    def dirty(self) -> bool:
        """Whether there is something to flush beside histograms."""
        return bool(self._tallies or self._anomalies)

    def observe(self, batch: Batch) -> None:
        """Count the rows of an answered request."""
        rows = len(batch.labels)
        self._metrics.observe_rows(rows)
        self._rows += rows
        self._compiled += batch.compiled
        if rows <= _FEW:
            for row in range(rows):
                self._add_row(batch, row)
        else:
            self._add_rows(batch)
        for key, count in batch.anomalies.items():
            self._anomalies[key] += count
        for flags in batch.flags:
            if flags:
                self._suspicious.update({flag.rpartition(":")[2] for flag in flags})

    def refused(self, column: str | None) -> None:
        """A request was refused for a value of this column that can't be taken."""
        if column is not None:
            self._anomalies[column, "invalid"] += 1

    def flush(self) -> None:
        """Write everything counted since the last time to the counters."""
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

    def _add_row(self, batch: Batch, row: int) -> None:
        columns = batch.columns
        for place, _, bins in self._features:
            bins.add(columns[place][row])
        label = batch.labels[row]
        self._labels[None if label is None else 0.0 if self._regression else label] += 1
        if self._prediction is not None:
            self._prediction.add(label)
        tally = self._tally(batch.bitmaps[row])
        tally.rows += 1
        if batch.probabilities is None:
            return
        chances = batch.probabilities[row]
        place = self._classes.get(label, -1)
        confidence = float(chances[place] if place >= 0 else np.max(chances))
        if confidence != confidence:  # NaN: the model doesn't say how sure it is
            return
        if self._confidence is not None:
            self._confidence.add(confidence)
        if self._calibration is not None:
            tally.estimated += 1
            tally.correct += self._calibration.correct(confidence)

    def _add_rows(self, batch: Batch) -> None:
        for place, _, bins in self._features:
            bins.add_many(batch.columns[place])
        missing = sum(label is None for label in batch.labels)
        counted = Tally({0.0: len(batch.labels) - missing, None: missing})
        self._labels.update(counted if self._regression else Tally(batch.labels))
        if self._prediction is not None:
            self._prediction.add_many(batch.labels)
        for bitmap, rows in Tally(batch.bitmaps).items():
            self._tally(bitmap).rows += rows
        if batch.probabilities is None:
            return
        confidences = self._confidences(batch.labels, batch.probabilities)
        if self._confidence is not None:
            self._confidence.add_many(confidences.tolist())
        if self._calibration is not None:
            correct = self._calibration.correct_many(confidences)
            known = ~np.isnan(correct)
            kinds, which = np.unique(np.asarray(batch.bitmaps)[known], return_inverse=True)
            counts = np.bincount(which, minlength=len(kinds))
            sums = np.bincount(which, weights=correct[known], minlength=len(kinds))
            for bitmap, count, total in zip(
                kinds.tolist(), counts.tolist(), sums.tolist(), strict=True
            ):
                tally = self._tally(bitmap)
                tally.estimated += count
                tally.correct += total

    def _confidences(self, labels: Sequence[Any], probabilities: Probabilities) -> Floats:
        chances = np.asarray(probabilities, dtype=np.float64)
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
        self._edges = list(feature.edges)
        self._array = np.asarray(feature.edges)
        self._scale = float(scale)
        self.counts = [0] * len(feature.bins)

    def add(self, value: Any) -> None:
        if value is not None:
            number = float(value) * self._scale
            if number == number:
                self.counts[bisect_right(self._edges, number)] += 1

    def add_many(self, values: Sequence[Any]) -> None:
        given = [math.nan if value is None else value for value in values]
        numbers = np.array(given, dtype=np.float64) * self._scale
        places = np.searchsorted(self._array, numbers[~np.isnan(numbers)], side="right")
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

    def add(self, value: Any, times: int = 1) -> None:
        if value is None:
            return
        text = value if type(value) is str else str(value)
        if self._by_length:
            self.counts[bisect_right(self._edges, len(text))] += times
            return
        place = self._places.get(text, self._rest)
        if place >= 0:
            self.counts[place] += times

    def add_many(self, values: Sequence[Any]) -> None:
        for value, times in Tally(values).items():
            self.add(value, times)


def _bins(feature: FeatureProfile, clock: Clock | None = None) -> _Bins:
    if feature.kind == "numeric":
        return _Numbers(feature, clock.nanoseconds if clock else 1)
    return _Texts(feature)


def _write(metrics: Metrics, name: str, bins: _Bins) -> None:
    if any(bins.counts):
        metrics.add_bins(name, bins.counts)
        bins.counts = [0] * len(bins.counts)
