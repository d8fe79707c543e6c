"""Metrics of a model on held-out rows, overall and by slice.

The definitions are scikit-learn's. They are computed here, because its import takes longer than the
training of a small model. A metric that is undefined for a set of rows (an AUC with an absent
class, a log loss with an unseen label) is omitted there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.text import display_value
from monitoring.scoring.areas import roc_area
from monitoring.slices.slices import ALL
from monitoring.stats.intervals import mean_interval
from packager.errors import PackageError
from packager.manifest.base import Scalar, Task
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.model.model import Model, Predictions
from packager.model.predictions import scalars
from packager.worker.train.baseline import ConstantBaseline
from packager.worker.train.intervals import (
    auc_interval,
    classification_intervals,
    regression_intervals,
)

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def evaluate(
    model: Model,
    features: pd.DataFrame,
    target: pd.Series[Any],
    masks: Mapping[str, Mask],
    training: Sequence[Scalar | None],
) -> Evaluation:
    """Predict every row of ``features`` and compare with ``target``.

    ``masks``: slice name → mask, shape (n,) (``__all__`` is the overall result; empty slices are
    omitted). ``training``: the labels of the training rows, from which the baseline of each metric
    is computed. Raise ``PackageError`` if the model raises or predicts no label of the target.
    """
    predictions = model.predict(features)
    actual = scalars(target)
    if model.task == "classification":
        check_labels(predictions.labels, set(training), str(target.name))
    baseline = ConstantBaseline.of(training, model.task)
    classes = None if predictions.probabilities is None else model.classes

    def measured(mask: Mask) -> MetricValues:
        indices = np.flatnonzero(mask).tolist()
        rows = [actual[i] for i in indices]
        model_metrics = metrics(rows, predictions.at(indices), model.classes, model.task)
        constant = baseline.predictions(len(rows), classes)
        beside = metrics(rows, constant, model.classes, model.task).values
        known = {name: value for name, value in beside.items() if name in model_metrics.values}
        return model_metrics.model_copy(update={"baseline": known})

    slices = {name: mask for name, mask in masks.items() if name != ALL and mask.any()}
    return Evaluation(
        overall=measured(np.ones(len(features), dtype=np.bool_)),
        slices={name: measured(mask) for name, mask in slices.items()},
    )


def metrics(
    actual: Sequence[Scalar | None],
    predictions: Predictions,
    classes: Sequence[Scalar] | None,
    task: Task,
) -> MetricValues:
    """Compute the task's metrics for rows with the labels ``actual``.

    Regression omits rows without a finite prediction and records their share as ``unanswered``;
    classification counts such rows as wrong.
    """
    if task == "regression":
        return _regression(numbers(actual), numbers(predictions.labels))
    codes = _coding([*(classes or ()), *actual, *predictions.labels])
    truth = np.array([codes[label] for label in actual])
    guess = np.array([codes.get(label, -1) for label in predictions.labels])
    values = _classification(truth, guess)
    intervals = classification_intervals(truth, guess, values)
    if predictions.probabilities is not None:
        more = _probabilistic(truth, predictions.probabilities)
        values, intervals = values | more.values, intervals | more.intervals
    return MetricValues(rows=len(actual), values=values, intervals=intervals)


def numbers(labels: Sequence[Scalar | None]) -> Floats:
    """Labels of a regression as float64, shape (n,); None becomes NaN."""
    return np.array([math.nan if label is None else float(label) for label in labels])


def check_labels(
    predicted: Collection[Scalar | None], known: Collection[Scalar | None], target: str
) -> None:
    """Raise ``PackageError`` if no prediction is a label of the target (an encoded target)."""
    if not predicted or not set(known).isdisjoint(predicted):
        return
    raise PackageError(
        f"the model predicts labels like {_some(predicted)}, expected those of"
        f" {target!r}: {_some(known)}",
        "fit on the target as passed, or map the predictions back to its labels",
    )


def _some(labels: Collection[Scalar | None]) -> str:
    return ", ".join(sorted({display_value(label) for label in labels})[:3])


def _coding(labels: Sequence[Scalar | None]) -> dict[Scalar | None, int]:
    """An integer code for each label, in order of appearance; None gets no code."""
    present = dict.fromkeys(label for label in labels if label is not None)
    return {label: code for code, label in enumerate(present)}


def _classification(truth: Codes, guess: Codes) -> dict[str, float]:
    hits, size = truth == guess, int(max(truth.max(), guess.max())) + 1
    actual = np.bincount(truth, minlength=size)
    right = np.bincount(truth[hits], minlength=size)
    either = actual + np.bincount(guess[guess >= 0], minlength=size)
    recall, f1 = right[actual > 0] / actual[actual > 0], 2 * right[either > 0] / either[either > 0]
    return {
        "accuracy": float(hits.mean()),
        "balanced_accuracy": float(recall.mean()),
        "f1_macro": float(f1.mean()),
    }


def _probabilistic(truth: Codes, probabilities: Floats) -> MetricValues:
    """Log loss and ROC AUC: of the second of two classes, else the mean of one-versus-rest."""
    rows, count = len(truth), probabilities.shape[1]
    if not np.isfinite(probabilities).all() or truth.max() >= count:
        return MetricValues(rows=rows, values={})
    smallest = float(np.finfo(np.float64).eps)
    true_probabilities = probabilities[np.arange(rows), truth]
    losses = -np.log(np.clip(true_probabilities, smallest, 1))
    values, intervals = {"log_loss": float(losses.mean())}, {}
    if ends := mean_interval(losses):
        intervals["log_loss"] = max(0.0, ends[0]), ends[1]
    if count > 1 and len(np.unique(truth)) == count:
        scored = [1] if count == 2 else list(range(count))
        areas = [roc_area(truth == code, probabilities[:, code]) for code in scored]
        values["roc_auc"] = float(np.mean(areas))
        intervals["roc_auc"] = auc_interval(truth, probabilities, scored, values["roc_auc"])
    return MetricValues(rows=rows, values=values, intervals=intervals)


def _regression(truth: Floats, guess: Floats) -> MetricValues:
    rows, answered = len(truth), np.isfinite(guess)
    values = {} if answered.all() else {"unanswered": float((~answered).mean())}
    truth, guess = truth[answered], guess[answered]
    if not len(truth):
        return MetricValues(rows=rows, values=values)
    error = guess - truth
    values |= {
        "mae": float(np.abs(error).mean()),
        "rmse": math.sqrt(float((error**2).mean())),
        "bias": float(error.mean()),
    }
    spread = float(((truth - truth.mean()) ** 2).sum())
    if spread > 0:
        values["r2"] = 1 - float((error**2).sum()) / spread
    return MetricValues(rows=rows, values=values, intervals=regression_intervals(truth, guess))
