"""A model's predictions as the answers of a server."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from modelhost.predictions import Predictions, scalars
from monitoring.metrics.class_labels import class_text
from packager.manifest.base import Scalar

__all__ = ["Predictions", "finite", "flagged_answers", "prediction_answers", "scalars"]


def prediction_answers(
    predictions: Predictions, classes: Sequence[Scalar] | None
) -> list[dict[str, Any]]:
    """One JSON object per row: ``prediction`` and, if available, ``probabilities``.

    The keys of the latter are the texts of the classes.
    """
    if predictions.more is not None:
        pairs = zip(predictions.labels, predictions.more, strict=True)
        return [{"prediction": label, **more} for label, more in pairs]
    if predictions.probabilities is None or classes is None:
        return [{"prediction": label} for label in predictions.labels]
    names = [class_text(label) for label in classes]
    return [
        {"prediction": label, "probabilities": dict(zip(names, _finite(row), strict=True))}
        for label, row in zip(predictions.labels, predictions.probabilities.tolist(), strict=True)
    ]


def flagged_answers(
    predictions: Predictions, classes: Sequence[Scalar] | None, flags: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """``prediction_answers`` with the ``flags`` that the validation set on each row."""
    pairs = zip(prediction_answers(predictions, classes), flags, strict=True)
    return [{**one, "flags": list(marked)} for one, marked in pairs]


def finite(answer: Mapping[str, Any]) -> bool:
    """Whether an answer of ``prediction_answers`` contains no null."""
    return not _holds_null([answer["prediction"], answer.get("probabilities", {})])


def _holds_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_null, value.values()))
    return any(map(_holds_null, value)) if isinstance(value, list) else value is None


def _finite(row: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in row]
