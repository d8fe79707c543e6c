"""Metrics of several numbers a row: elements of an array, or steps of a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.label_sets import MAX_PARTS
from monitoring.scoring.metric import (
    Floats,
    Metric,
    Metrics,
    matrix,
    mean,
    present,
    root_mean,
    row_means,
)


def number_columns(truth: Sequence[Any], answers: Sequence[Any]) -> dict[str, Floats]:
    """Measures of each row, over its elements, shape (rows,); NaN for a row without any."""
    errors = _errors(truth, answers)
    return {
        "mae": row_means(np.abs(errors)),
        "mse": row_means(errors**2),
        "bias": row_means(errors),
    }


def number_list_metrics(
    truth: Sequence[Any], answers: Sequence[Any], names: Sequence[str]
) -> Metrics:
    """All metrics; ``names``: of the elements, else they are numbered from 1.

    R² is the mean of those of the elements that vary. ``unanswered`` is the share of elements
    without a number, which the other metrics omit.
    """
    right, errors = matrix(truth), _errors(truth, answers)
    means = {name: row_means(column) for name, column in _columns(errors).items()}
    metrics: dict[str, Metric | None] = {
        "mae": mean(means["mae"], "positive"),
        "rmse": root_mean(means["mse"]),
        "bias": mean(means["bias"]),
    }
    absent = np.isnan(errors) & ~np.isnan(right)
    if absent.any():
        metrics["unanswered"] = mean(np.asarray(absent.mean(axis=1), np.float64), "share")
    count = errors.shape[1]
    explained = [_explained(right[:, i], errors[:, i]) for i in range(count)]
    defined = [value for value in explained if value is not None]
    if defined:
        metrics["r2"] = Metric(float(np.mean(defined)))
    labels = list(names) if len(names) == count else [str(i + 1) for i in range(count)]
    for i, label in enumerate(labels[:MAX_PARTS]):
        own: Floats = errors[:, i]
        metrics[f"mae_{label}"] = mean(np.asarray(np.abs(own), np.float64), "positive", part=True)
        metrics[f"rmse_{label}"] = root_mean(own**2, part=True)
        metrics[f"bias_{label}"] = mean(own, part=True)
    return present(metrics)


def embedding_metrics(answers: Sequence[Any]) -> Metrics:
    """Norms, distances from the centre, and share of numbers that are not finite."""
    vectors = matrix(answers)
    finite = np.isfinite(vectors).all(axis=1)
    metrics: dict[str, Metric | None] = {}
    if not finite.all():
        metrics["unanswered"] = mean(np.asarray(~finite, np.float64), "share")
    known = vectors[finite]
    if len(known):
        norms = np.sqrt((known**2).sum(axis=1))
        apart = np.sqrt(((known - known.mean(axis=0)) ** 2).sum(axis=1))
        metrics["norm_mean"] = mean(norms, "positive")
        metrics["norm_std"] = Metric(float(norms.std()), None, "positive")
        metrics["spread"] = mean(apart, "positive")
    return present(metrics)


def _errors(truth: Sequence[Any], answers: Sequence[Any]) -> Floats:
    right = matrix(truth)
    return matrix(answers, right.shape[1]) - right


def _columns(errors: Floats) -> dict[str, Floats]:
    return {"mae": np.abs(errors), "mse": errors**2, "bias": errors}


def _explained(truth: Floats, errors: Floats) -> float | None:
    """R² of one element; None if its truth doesn't vary."""
    known = ~np.isnan(errors)
    truth, errors = truth[known], errors[known]
    spread = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
    return 1 - float((errors**2).sum()) / spread if spread > 0 else None
