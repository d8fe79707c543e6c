"""Answers of a model without features, for each kind of output: the baseline of its metrics."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitoring.scoring.label_sets import indicators, labels_of
from monitoring.scoring.levels import number_name
from monitoring.scoring.measures import ScoredColumns
from monitoring.scoring.metric import floats, matrix
from monitoring.scoring.survival import kaplan_meier
from packager.manifest.outputs import Output
from packager.worker.train.baseline import ConstantBaseline
from packager.worker.train.output_rows import right_answers, seen_events


def baseline_rows(
    held_out: pd.DataFrame, training: pd.DataFrame, output: Output, rows: ScoredColumns
) -> ScoredColumns | None:
    """``rows`` with the constant answer of the training rows; None without a target.

    A label: the most frequent, with the frequencies as probabilities; a number: the mean; labels:
    those of at least half of the rows; quantiles: those of the training rows; a score: the same for
    all; survival: the Kaplan-Meier curve; a recommendation: the most frequent items; text and JSON:
    the most frequent.
    """
    right = right_answers(training, output)
    if right is None or rows.truth is None:
        return None
    count = len(held_out)
    if output.kind in ("label", "labels"):
        return _labels(output, right, rows, count)
    if output.event is not None and output.times:
        curve = kaplan_meier(floats(right), seen_events(training, output.event))
        answer: Any = curve.at(np.array(output.times)).tolist()
    elif output.top is not None:
        answer = _popular(right, output.top)
    else:
        answer = _CONSTANTS[output.kind](right, output)
    return rows._replace(answers=[answer] * count, chances=None)


def _labels(output: Output, right: Sequence[Any], rows: ScoredColumns, count: int) -> ScoredColumns:
    classes = output.classes if rows.chances is not None else None
    if output.kind == "label":
        predictions = ConstantBaseline.of(right, "classification").predictions(count, classes)
        return rows._replace(answers=predictions.labels, chances=predictions.probabilities)
    labels = output.classes or labels_of(right, [])
    shares = indicators(right, labels).mean(axis=0)
    answer = [label for label, share in zip(labels, shares, strict=True) if share >= 0.5]
    chances = None if classes is None else np.tile(shares, (count, 1))
    return rows._replace(answers=[answer] * count, chances=chances)


def _mean(right: Sequence[Any], _output: Output) -> Any:
    return ConstantBaseline.of(right, "regression").answer


def _means(right: Sequence[Any], _output: Output) -> Any:
    numbers = matrix(right)
    known = ~np.isnan(numbers)
    total = np.where(known, numbers, 0.0).sum(axis=0)
    return (total / np.maximum(known.sum(axis=0), 1)).tolist()


def _quantiles(right: Sequence[Any], output: Output) -> Any:
    """The quantiles of the training rows; of several steps, of each."""
    levels = output.levels or ()
    numbers = floats(right) if output.shape is None else matrix(right, *output.shape)
    quantiles = np.nanquantile(numbers, levels, axis=0).tolist()
    return {number_name(level): value for level, value in zip(levels, quantiles, strict=True)}


def _most_frequent(right: Sequence[Any], output: Output) -> Any:
    if output.spans:
        return []
    counts = Counter(json.dumps(value, sort_keys=True, default=str) for value in right)
    return json.loads(counts.most_common(1)[0][0])


def _popular(right: Sequence[Any], top: int) -> Any:
    lists = [value if isinstance(value, list) else [value] for value in right]
    counts = Counter(json.dumps(item, sort_keys=True) for items in lists for item in items)
    return [json.loads(item) for item, _ in counts.most_common(top)]


_CONSTANTS: dict[str, Callable[[Sequence[Any], Output], Any]] = {
    "number": _mean,
    "numbers": _means,
    "array": _means,
    "quantiles": _quantiles,
    "score": lambda _right, _output: 0.0,
    "text": _most_frequent,
    "json": _most_frequent,
}
