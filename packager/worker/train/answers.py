"""Answers in the form of JSON, separated into their numbers and the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.model.predictions import Predictions


def skeletons(predictions: Predictions) -> list[Any]:
    """Each row's answer with 0.0 in place of floats and null."""
    return [_without_floats(answer) for answer in _joined(predictions)]


def numbers_within(predictions: Predictions) -> npt.NDArray[np.float64] | None:
    """The floats of each row's answer, in order, null as NaN: shape (rows, n).

    None if rows have different n, or none.
    """
    rows = [list(_floats(answer)) for answer in _joined(predictions)]
    if predictions.probabilities is not None:
        rows = [[*row, *p] for row, p in zip(rows, predictions.probabilities.tolist(), strict=True)]
    widths = {len(row) for row in rows}
    if len(widths) != 1 or widths == {0}:
        return None
    return np.array(rows, np.float64)


def _joined(predictions: Predictions) -> list[Any]:
    if predictions.more is None:
        return predictions.labels
    return [[label, more] for label, more in zip(predictions.labels, predictions.more, strict=True)]


def _without_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_floats(inner) for inner in value]
    return 0.0 if isinstance(value, float) or value is None else value


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _floats(value[key])
    elif isinstance(value, list):
        for inner in value:
            yield from _floats(inner)
    elif value is None:
        yield math.nan
    elif isinstance(value, float):
        yield value
