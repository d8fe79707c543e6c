"""Metrics of quantiles, of one number a row or of each step of a forecast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from monitoring.scoring.label_sets import MAX_PARTS
from monitoring.scoring.levels import number_name
from monitoring.scoring.metric import (
    Floats,
    Metric,
    Metrics,
    Range,
    matrix,
    mean,
    present,
    row_means,
)

MAX_SHOWN_LEVELS = 3
"""With more levels, the losses of single levels are parts."""
OF_STEPS = ("pinball", "coverage", "width")
"""Measures that each step has."""


def quantile_columns(
    truth: Sequence[Any], answers: Sequence[Any], levels: Sequence[float]
) -> dict[str, Floats]:
    """Measures of each row, shape (rows,): of several steps, their means over the known ones.

    Pinball loss (Koenker and Bassett 1978) of each level, and of their mean. ``coverage`` and
    ``width`` are of the outermost levels; ``coverage_0.5`` of the central interval with that
    probability. ``crossings``: whether a quantile is below that of a lower level.
    """
    return {
        name: row_means(values) for name, values in _of_elements(truth, answers, levels).items()
    }


def quantile_metrics(
    truth: Sequence[Any],
    answers: Sequence[Any],
    levels: Sequence[float],
    names: Sequence[str] = (),
) -> Metrics:
    """The means of the measures, and the share of unanswered rows or steps.

    ``names``: of the steps, else they are numbered from 1.
    """
    elements = _of_elements(truth, answers, levels)
    many = len(levels) > MAX_SHOWN_LEVELS
    metrics: dict[str, Metric | None] = {}
    for name, values in elements.items():
        metrics[name] = mean(row_means(values), _range(name), part=many and "_" in name)
    predicted = _given(answers, levels, _steps(truth))
    absent = np.isnan(predicted).any(axis=2).mean(axis=1)
    if absent.any():
        metrics["unanswered"] = mean(np.asarray(absent, np.float64), "share")
    metrics |= dict(_of_each_step(elements, names))
    return present(metrics)


def _of_elements(
    truth: Sequence[Any], answers: Sequence[Any], levels: Sequence[float]
) -> dict[str, Floats]:
    """Measures of each row and step, shape (rows, steps)."""
    steps = _steps(truth)
    predicted = _given(answers, levels, steps)
    actual = matrix(truth, steps)
    gap = actual[:, :, None] - predicted
    loss = np.maximum(np.array(levels) * gap, (np.array(levels) - 1) * gap)
    measures = {
        f"pinball_{number_name(level)}": loss[:, :, index] for index, level in enumerate(levels)
    }
    measures["pinball"] = loss.mean(axis=2)
    if len(levels) > 1:
        measures["coverage"] = _within(actual, predicted[:, :, 0], predicted[:, :, -1])
        measures["width"] = predicted[:, :, -1] - predicted[:, :, 0]
        crossed = (np.diff(predicted, axis=2) < 0).any(axis=2).astype(np.float64)
        measures["crossings"] = np.where(np.isnan(predicted).any(axis=2), np.nan, crossed)
    for share, low, high in _central(levels):
        measures[f"coverage_{number_name(share)}"] = _within(
            actual, predicted[:, :, low], predicted[:, :, high]
        )
        measures[f"width_{number_name(share)}"] = predicted[:, :, high] - predicted[:, :, low]
    return measures


def _of_each_step(
    elements: dict[str, Floats], names: Sequence[str]
) -> Iterator[tuple[str, Metric | None]]:
    """The measures of each of several steps."""
    steps = elements["pinball"].shape[1]
    if steps < 2:
        return
    labels = names if len(names) == steps else [str(step + 1) for step in range(steps)]
    for step, label in enumerate(labels[:MAX_PARTS]):
        for name in OF_STEPS:
            if name in elements:
                own: Floats = elements[name][:, step]
                yield f"{name}_{label}", mean(own, _range(name), part=True)


def _range(name: str) -> Range:
    if name.startswith(("coverage", "crossings")):
        return "share"
    return "positive" if name.startswith("pinball") else "any"


def _steps(truth: Sequence[Any]) -> int:
    """Number of numbers in a right answer."""
    return next((np.size(one) for one in truth if one is not None), 1)


def _given(answers: Sequence[Any], levels: Sequence[float], steps: int) -> Floats:
    """The quantiles, shape (rows, steps, levels)."""
    rows = [
        None if row is None else [row[number_name(level)] for level in levels] for row in answers
    ]
    quantiles = matrix(rows, len(levels) * steps).reshape(len(rows), len(levels), steps)
    return quantiles.transpose(0, 2, 1)


def _within(actual: Floats, low: Floats, high: Floats) -> Floats:
    inside = ((low <= actual) & (actual <= high)).astype(np.float64)
    return np.where(np.isnan(low + high + actual), np.nan, inside)


def _central(levels: Sequence[float]) -> list[tuple[float, int, int]]:
    """(Probability, place of its lower level, of its upper) of inner central intervals."""
    last = len(levels) - 1
    intervals = []
    for low, level in enumerate(levels):
        for high in range(low + 1, last + 1):
            if abs(level + levels[high] - 1) < 1e-9 and (low, high) != (0, last):
                intervals.append((round(levels[high] - level, 9), low, high))
    return intervals
