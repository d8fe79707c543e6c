"""A metric of several rows, with what its confidence interval is computed from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Range = Literal["share", "positive", "any"]
"""The values that a metric can have: 0 to 1, 0 or more, any."""


class Metric(NamedTuple):
    """One metric."""

    value: float
    influence: Floats | None = None
    """By how much each row (or query) moves the value, shape (n,), with mean 0; None: unknown."""
    range: Range = "any"
    part: bool = False
    """Whether it is of one label, level, step or element, beside a metric of all."""


Metrics = dict[str, Metric]


def mean(values: Floats, range_: Range = "any", *, part: bool = False) -> Metric | None:
    """The mean of the values that are not NaN, shape (n,); None if all are."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    value = float(known.mean())
    return Metric(value, known - value, range_, part)


def root_mean(squares: Floats, *, part: bool = False) -> Metric | None:
    """The square root of the mean of the values that are not NaN, shape (n,); None if all are."""
    known = squares[~np.isnan(squares)]
    if not len(known):
        return None
    value = math.sqrt(float(known.mean()))
    influence = (known - known.mean()) / (2 * value) if value > 0 else np.zeros(len(known))
    return Metric(value, influence, "positive", part)


def ratio(above: Floats, below: Floats, *, part: bool = False) -> Metric | None:
    """``above.sum() / below.sum()``, a share, shapes (n,); None if the second sum is 0."""
    total = float(below.sum())
    if not total:
        return None
    value = float(above.sum()) / total
    return Metric(value, (above - value * below) * (len(below) / total), "share", part)


def average(metrics: Sequence[Metric]) -> Metric | None:
    """The mean of metrics of the same rows, all shares; None for no metric."""
    if not metrics:
        return None
    influences = [one.influence for one in metrics if one.influence is not None]
    joint = np.mean(influences, axis=0) if len(influences) == len(metrics) else None
    return Metric(float(np.mean([one.value for one in metrics])), joint, "share")


def row_means(values: Floats) -> Floats:
    """The mean of each row's values that are not NaN, shape (n,); NaN if all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def present(metrics: dict[str, Metric | None]) -> Metrics:
    """The metrics that are defined."""
    return {name: one for name, one in metrics.items() if one is not None}


def floats(values: Sequence[Any]) -> Floats:
    """Shape (n,), null as NaN."""
    return np.array([math.nan if value is None else value for value in values], np.float64)


def matrix(rows: Sequence[Any], width: int | None = None) -> Floats:
    """Shape (rows, numbers of a row), null as NaN; a row that is null is ``width`` nulls."""
    flat = [None if row is None else np.asarray(row, object).ravel() for row in rows]
    if width is None:
        width = next((len(row) for row in flat if row is not None), 0)
    full = [[None] * width if row is None else row for row in flat]
    numbers = np.array([[math.nan if v is None else v for v in row] for row in full], np.float64)
    return numbers.reshape(len(flat), width)
