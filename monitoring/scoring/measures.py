"""How right answers were: for each kind of output, measures of a row, whose means are metrics.

Measures of rows add up, so that slices, late labels and several replicas can share them. Other
metrics are functions of all rows (:func:`whole_measures`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Columns = dict[str, Floats]
"""Name of a measure → its value for each row; NaN where it is undefined."""


class OutputForm(NamedTuple):
    """What the measures need to know of an output."""

    kind: str
    classes: tuple[Any, ...] | None = None
    levels: tuple[float, ...] | None = None


def _label(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    return {"accuracy": np.array([a == b for a, b in zip(truth, answers, strict=True)], float)}


def _number(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    errors = _floats(answers) - _floats(truth)
    return {"mae": np.abs(errors), "mse": errors**2, "bias": errors}


def _labels(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    pairs = [({*a}, {*b}) for a, b in zip(truth, answers, strict=True)]
    union = np.array([len(a | b) for a, b in pairs], float)
    both = np.array([len(a & b) for a, b in pairs], float)
    with np.errstate(invalid="ignore"):
        jaccard = np.where(union > 0, both / union, 1.0)
    return {
        "subset_accuracy": np.array([a == b for a, b in pairs], float),
        "jaccard": jaccard,
    }


def _numbers(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    errors = _matrix(answers) - _matrix(truth)
    return {
        "mae": np.nanmean(np.abs(errors), axis=1),
        "mse": np.nanmean(errors**2, axis=1),
        "bias": np.nanmean(errors, axis=1),
    }


def _quantiles(truth: Sequence[Any], answers: Sequence[Any], form: OutputForm) -> Columns:
    """Pinball loss (Koenker and Bassett 1978) of each level, and of their mean; coverage, width."""
    levels = form.levels or ()
    given = _matrix([[row[f"{level:g}"] for level in levels] for row in answers])
    actual = _floats(truth)[:, None]
    gap = actual - given
    loss = np.maximum(np.array(levels) * gap, (np.array(levels) - 1) * gap)
    found = {f"pinball_{level:g}": loss[:, place] for place, level in enumerate(levels)}
    found["pinball"] = loss.mean(axis=1)
    if len(levels) > 1:
        low, high = given[:, 0], given[:, -1]
        found["coverage"] = ((low <= actual[:, 0]) & (actual[:, 0] <= high)).astype(float)
        found["width"] = high - low
    return found


def _text(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    pairs = list(zip(truth, answers, strict=True))
    return {
        "exact_match": np.array([a == b for a, b in pairs], float),
        "token_f1": np.array([_token_overlap(str(a), str(b)) for a, b in pairs], float),
    }


def _token_overlap(truth: str, answer: str) -> float:
    """F1 of the words in common, as of SQuAD (Rajpurkar et al. 2016)."""
    one, other = truth.lower().split(), answer.lower().split()
    if not one or not other:
        return float(one == other)
    left = {word: one.count(word) for word in one}
    common = sum(min(count, other.count(word)) for word, count in left.items())
    return 2 * common / (len(one) + len(other))


def _json(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    return {"exact_match": np.array([a == b for a, b in zip(truth, answers, strict=True)], float)}


ROW_MEASURES: dict[str, Callable[[Sequence[Any], Sequence[Any], OutputForm], Columns]] = {
    "label": _label,
    "number": _number,
    "labels": _labels,
    "numbers": _numbers,
    "array": _numbers,
    "quantiles": _quantiles,
    "score": _number,
    "text": _text,
    "json": _json,
}


def whole_measures(
    truth: Sequence[Any] | None, answers: Sequence[Any], form: OutputForm
) -> dict[str, float]:
    """Metrics over all rows, for answers with or without a truth."""
    if form.kind == "score" and truth is None:
        scores = _floats(answers)
        return {"score_mean": float(np.nanmean(scores)), "score_std": float(np.nanstd(scores))}
    return {}


def _floats(values: Sequence[Any]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _matrix(rows: Sequence[Any]) -> Floats:
    """Shape (rows, numbers of a row), null as NaN."""
    flat = [np.asarray(row, object).ravel() for row in rows]
    return np.array([[math.nan if v is None else v for v in row] for row in flat], np.float64)
