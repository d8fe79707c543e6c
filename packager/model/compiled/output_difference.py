"""Difference of compiled answers of ``[outputs]`` from the model's, types and order included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from packager.model.predictions import Predictions


def compiled_difference(one: Any, other: Any) -> float:
    """The largest difference of numbers of two answers in the form of JSON, relative beyond 1.

    Infinite if anything else differs: keys and their order, length, type, label, or a null.
    """
    if isinstance(one, float) and isinstance(other, float):
        difference = abs(one - other) / max(1.0, abs(other))
        return math.inf if math.isnan(difference) else difference
    if type(one) is not type(other) or one is None:
        return math.inf
    if isinstance(one, dict):
        if [*one] != [*other]:
            return math.inf
        return max(map(compiled_difference, one.values(), other.values()), default=0.0)
    if isinstance(one, list):
        if len(one) != len(other):
            return math.inf
        return max(map(compiled_difference, one, other), default=0.0)
    return 0.0 if one == other else math.inf


def row_differences(actual: Predictions, expected: Predictions) -> list[float]:
    """``compiled_difference`` of each row, probabilities included."""
    return [*map(compiled_difference, _joined(actual), _joined(expected))]


def _joined(predictions: Predictions) -> Sequence[Any]:
    rows = len(predictions.labels)
    chances = (
        [None] * rows if predictions.probabilities is None else predictions.probabilities.tolist()
    )
    more = [None] * rows if predictions.more is None else predictions.more
    parts = zip(predictions.labels, chances, more, strict=True)
    return [[part for part in row if part is not None] for row in parts]
