"""Counts answers: predictions, confidences, slices, and estimated correctness."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.feedback.tokens import Bitmaps, Chances
from monitoring.metrics.bin_counts import BinCounts
from monitoring.metrics.class_labels import class_text
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.profile import CONFIDENCE, PREDICTION, FeatureProfile, Profile

Floats = npt.NDArray[np.float64]


class PredictionCounts:
    """Predictions of one worker since the counters were last written."""

    def __init__(self, profile: Profile | None, classes: Sequence[Any] | None) -> None:
        """``classes``: None for a regression."""
        self._regression = classes is None
        self._labels = tuple(classes or ())
        self._classes = {label: index for index, label in enumerate(classes or ())}
        self._calibration = profile.calibration if profile else None
        features = {f.name: f for f in profile.features} if profile else {}
        # Classes are counted separately; numbers and confidences are two columns of bins.
        self._categories = None if self._regression else features.pop(PREDICTION, None)
        columns = enumerate((PREDICTION, CONFIDENCE))
        self._bins = BinCounts(
            [(at, features[name]) for at, name in columns if name in features], {}
        )
        self._clear()

    def add(self, labels: Sequence[Any], chances: Chances | None, bitmaps: Bitmaps) -> None:
        """Count n answers; ``chances``: n by classes."""
        confidences = self._count(labels, chances)
        self._bins.add((labels, confidences))
        self._add_slices(np.asarray(bitmaps, np.int64), confidences)

    def write(self, metrics: ServingMetrics) -> None:
        """Add what was counted to the metrics, and reset."""
        for name, counts in self._bins.drain():
            metrics.add_bins(name, counts)
        if self._categories is not None:
            metrics.add_bins(PREDICTION, _by_category(self._categories, self._predicted))
        metrics.add_predictions(self._predicted)
        metrics.add_slices((b, t.rows, t.estimated, t.correct) for b, t in self._tallies.items())
        self._clear()

    def _clear(self) -> None:
        self._predicted: Tally[Any] = Tally()
        self._tallies: dict[int, _Tally] = {}

    def _count(self, labels: Sequence[Any], chances: Chances | None) -> Floats:
        """Count the labels; return the probability of each, NaN if there are none."""
        rows = len(labels)
        if self._regression:
            missing = labels.count(None)
            self._predicted.update({0.0: rows - missing, None: missing})
            return np.full(rows, np.nan)
        indices = np.fromiter(map(self._classes.get, labels, repeat(-1)), np.intp, rows)
        known = (indices >= 0).all()
        if known:
            for index, count in enumerate(np.bincount(indices).tolist()):
                if count:
                    self._predicted[self._labels[index]] += count
        else:
            self._predicted.update(labels)
        if chances is None:
            return np.full(rows, np.nan)
        chance_array = _array(chances)
        probabilities: Floats = chance_array[np.arange(rows), np.maximum(indices, 0)]
        # The highest one for a label outside the classes.
        return (
            probabilities
            if known
            else np.where(indices < 0, chance_array.max(axis=1), probabilities)
        )

    def _add_slices(self, bitmaps: npt.NDArray[np.int64], confidences: Floats) -> None:
        kinds = np.unique(bitmaps)
        which = kinds.searchsorted(bitmaps)
        rows = np.bincount(which).tolist()
        estimated, correct = self._estimates(which, confidences, len(kinds))
        for bitmap, *counts in zip(kinds.tolist(), rows, estimated, correct, strict=True):
            self._tallies.setdefault(bitmap, _Tally()).add(*counts)

    def _estimates(
        self, which: npt.NDArray[np.intp], confidences: Floats, kinds: int
    ) -> tuple[list[int], list[float]]:
        """Rows with a confidence, and their expected number of correct ones, by bitmap."""
        if self._calibration is None:
            return [0] * kinds, [0.0] * kinds
        correct = self._calibration.correct_many(confidences)
        known = ~np.isnan(correct)
        if not known.all():
            which, correct = which[known], correct[known]
        sums = np.bincount(which, weights=correct, minlength=kinds)
        return np.bincount(which, minlength=kinds).tolist(), sums.tolist()


def _array(chances: Chances) -> Floats:
    if isinstance(chances, np.ndarray):
        return chances
    rows = len(chances)
    return np.fromiter(chain.from_iterable(chances), np.float64).reshape(rows, -1)


class _Tally:
    """Sums for the rows of one combination of slices."""

    __slots__ = ("correct", "estimated", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.estimated = 0
        self.correct = 0.0

    def add(self, rows: int, estimated: int, correct: float) -> None:
        self.rows += rows
        self.estimated += estimated
        self.correct += correct


def _by_category(feature: FeatureProfile, counted: Mapping[Any, int]) -> list[int]:
    """Counts by bin, from counts by label."""
    indices = {category: index for index, category in enumerate(feature.categories)}
    counts = [0] * (len(feature.bins) + 1)  # the last one for labels without a bin
    for label, count in counted.items():
        if label is not None:
            counts[indices.get(class_text(label), len(indices))] += count
    return counts[:-1]
