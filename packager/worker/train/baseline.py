"""Predictions of a model without features: the baseline that any model has to beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from packager.manifest.base import Scalar, Task
from packager.model.predictions import Predictions


@dataclass(frozen=True)
class ConstantBaseline:
    """A constant prediction.

    Classification: the most frequent label of the training rows, and the frequencies of all
    labels as probabilities. Regression: the mean of the training target.
    """

    answer: Scalar | None
    frequencies: dict[Scalar | None, float]
    """Label → its share of the training rows; empty for regression."""

    @classmethod
    def of(cls, labels: Sequence[Scalar | None], task: Task) -> ConstantBaseline:
        """Compute the baseline from the training rows' ``labels``; ties go to the first label."""
        present = [label for label in labels if label is not None]
        if task == "regression":
            numbers = np.array(present, dtype=np.float64)
            return cls(float(numbers.mean()) if len(numbers) else None, {})
        counts = Counter(present)
        most = max(counts, key=lambda label: counts[label], default=None)
        return cls(most, {label: count / len(present) for label, count in counts.items()})

    def predictions(self, rows: int, classes: Sequence[Scalar] | None) -> Predictions:
        """Predict ``rows`` rows; given ``classes``, with probabilities, shape (rows, classes)."""
        labels = [self.answer] * rows
        if classes is None:
            return Predictions(labels, None)
        shares = np.array([self.frequencies.get(label, 0.0) for label in classes])
        return Predictions(labels, np.tile(shares, (rows, 1)))
