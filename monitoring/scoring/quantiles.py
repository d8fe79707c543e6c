"""Metrics of quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.levels import number_name
from monitoring.scoring.metric import Floats, Metric, Metrics, floats, matrix, mean, present

MAX_SHOWN_LEVELS = 3
"""With more levels, the losses of single levels are parts."""


def quantile_columns(
    truth: Sequence[Any], answers: Sequence[Any], levels: Sequence[float]
) -> dict[str, Floats]:
    """Measures of each row, shape (rows,).

    Pinball loss (Koenker and Bassett 1978) of each level, and of their mean. ``coverage`` and
    ``width`` are of the outermost levels; ``coverage_0.5`` of the central interval with that
    probability. ``crossings``: whether a quantile is below that of a lower level.
    """
    given = _given(answers, levels)
    actual = floats(truth)[:, None]
    gap = actual - given
    loss = np.maximum(np.array(levels) * gap, (np.array(levels) - 1) * gap)
    found = {f"pinball_{number_name(level)}": loss[:, place] for place, level in enumerate(levels)}
    found["pinball"] = loss.mean(axis=1)
    if len(levels) > 1:
        found["coverage"] = _within(actual[:, 0], given[:, 0], given[:, -1])
        found["width"] = given[:, -1] - given[:, 0]
        crossed = (np.diff(given, axis=1) < 0).any(axis=1).astype(np.float64)
        found["crossings"] = np.where(np.isnan(given).any(axis=1), np.nan, crossed)
    for share, low, high in _central(levels):
        found[f"coverage_{number_name(share)}"] = _within(
            actual[:, 0], given[:, low], given[:, high]
        )
        found[f"width_{number_name(share)}"] = given[:, high] - given[:, low]
    return found


def quantile_metrics(
    truth: Sequence[Any], answers: Sequence[Any], levels: Sequence[float]
) -> Metrics:
    """The means of the measures, and the share of unanswered rows."""
    columns = quantile_columns(truth, answers, levels)
    many = len(levels) > MAX_SHOWN_LEVELS
    found: dict[str, Metric | None] = {}
    for name, column in columns.items():
        share = name.startswith(("coverage", "crossings"))
        loss = name.startswith("pinball")
        range_: Any = "share" if share else "positive" if loss else "any"
        found[name] = mean(column, range_, part=many and "_" in name)
    absent = np.isnan(_given(answers, levels)).any(axis=1).astype(np.float64)
    if absent.any():
        found["unanswered"] = mean(np.asarray(absent), "share")
    return present(found)


def _given(answers: Sequence[Any], levels: Sequence[float]) -> Floats:
    rows = [
        None if row is None else [row[number_name(level)] for level in levels] for row in answers
    ]
    return matrix(rows, len(levels))


def _within(actual: Floats, low: Floats, high: Floats) -> Floats:
    inside = ((low <= actual) & (actual <= high)).astype(np.float64)
    return np.where(np.isnan(low + high + actual), np.nan, inside)


def _central(levels: Sequence[float]) -> list[tuple[float, int, int]]:
    """(Probability, place of its lower level, of its upper) of inner central intervals."""
    last = len(levels) - 1
    found = []
    for low, level in enumerate(levels):
        for high in range(low + 1, last + 1):
            if abs(level + levels[high] - 1) < 1e-9 and (low, high) != (0, last):
                found.append((round(levels[high] - level, 9), low, high))
    return found
