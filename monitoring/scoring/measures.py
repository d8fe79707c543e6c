"""Correctness of answers: for each kind of output, measures of a row, whose means are metrics.

Measures of rows add up, so that slices, late labels and several replicas can share them. Other
metrics are functions of all rows (:func:`metrics_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from monitoring.scoring.clusters import cluster_metrics
from monitoring.scoring.label_sets import label_set_metrics, set_columns
from monitoring.scoring.metric import Flags, Floats, Metrics, floats
from monitoring.scoring.number_lists import (
    embedding_metrics,
    number_columns,
    number_list_metrics,
)
from monitoring.scoring.quantiles import quantile_columns, quantile_metrics
from monitoring.scoring.queries import ranking_metrics
from monitoring.scoring.scores import distribution, score_metrics
from monitoring.scoring.survival import Curve, curve_metrics, risk_metrics
from monitoring.scoring.texts import (
    json_columns,
    json_metrics,
    span_columns,
    span_metrics,
    text_columns,
    text_metrics,
    top_columns,
    top_metrics,
)

Columns = dict[str, Floats]
"""Name of a measure → its value for each row; NaN where it is undefined."""


class OutputForm(NamedTuple):
    """The form of an output, for its measures."""

    kind: str
    classes: tuple[Any, ...] | None = None
    levels: tuple[float, ...] | None = None
    names: tuple[str, ...] = ()
    """Of the numbers of an answer, for kind ``numbers``, or of the steps of quantiles."""
    k: int | None = None
    """The places of a ranking that NDCG counts; None for no ranking."""
    top: int | None = None
    """The items of a recommendation that count; None for none."""
    spans: bool = False
    """Whether an answer of kind ``json`` is a list of spans."""
    times: tuple[float, ...] = ()
    """The times of survival probabilities, of kind ``numbers``."""
    censoring: Curve | None = None
    """Of the training rows, for survival probabilities."""


class ScoredColumns(NamedTuple):
    """Rows with what is known of them; each field has a value for each row, or is None."""

    answers: Sequence[Any]
    truth: Sequence[Any] | None = None
    chances: Floats | None = None
    """Probabilities, shape (rows, classes)."""
    queries: Sequence[Any] | None = None
    """The query of each row, of a ranking."""
    events: Sequence[Any] | None = None
    """Whether the event was seen, of survival."""
    features: Floats | None = None
    """Numeric features, shape (rows, features)."""

    def where(self, mask: Flags) -> ScoredColumns:
        """The rows of ``mask``, shape (rows,)."""
        indices = np.flatnonzero(mask).tolist()
        return ScoredColumns._make(
            one[mask]
            if isinstance(one, np.ndarray)
            else None
            if one is None
            else [one[row] for row in indices]
            for one in self
        )


def _label(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    return {"accuracy": np.array([a == b for a, b in zip(truth, answers, strict=True)], float)}


def _number(truth: Sequence[Any], answers: Sequence[Any], _form: OutputForm) -> Columns:
    errors = floats(answers) - floats(truth)
    return {"mae": np.abs(errors), "mse": errors**2, "bias": errors}


def _number_list(truth: Sequence[Any], answers: Sequence[Any], form: OutputForm) -> Columns:
    """Of survival probabilities the squared errors, of times whose truth (0 or 1) is known."""
    columns = number_columns(truth, answers)
    return {"brier": columns["mse"]} if form.times else columns


def _json_value(truth: Sequence[Any], answers: Sequence[Any], form: OutputForm) -> Columns:
    if form.top is not None:
        columns = top_columns(truth, answers, form.top)
    else:
        columns = json_columns(truth, answers)
    return columns | span_columns(truth, answers) if form.spans else columns


ROW_MEASURES: dict[str, Callable[[Sequence[Any], Sequence[Any], OutputForm], Columns]] = {
    "label": _label,
    "number": _number,
    "labels": lambda truth, answers, _: set_columns(truth, answers),
    "numbers": _number_list,
    "array": lambda truth, answers, _: number_columns(truth, answers),
    "quantiles": lambda truth, answers, form: quantile_columns(truth, answers, form.levels or ()),
    "score": _number,
    "text": lambda truth, answers, _: text_columns(truth, answers),
    "json": _json_value,
}


def metrics_of(rows: ScoredColumns, form: OutputForm) -> Metrics:
    """Metrics over one or more rows, for answers with or without a truth.

    Those of one label or number with a truth, which is no ranking, are in
    ``packager/worker/train/evaluate.py``.
    """
    if rows.truth is None:
        return _without_truth(rows, form)
    if form.k is not None and rows.queries is not None:
        return ranking_metrics(rows.truth, rows.answers, rows.queries, form.k)
    if rows.events is not None:
        if form.censoring is not None:
            both = rows.truth, rows.events
            return curve_metrics(both, rows.answers, form.times, form.censoring)
        return risk_metrics(rows.truth, rows.events, rows.answers)
    return _METRICS[form.kind](rows, rows.truth, form)


def _without_truth(rows: ScoredColumns, form: OutputForm) -> Metrics:
    if form.kind == "label":
        return cluster_metrics(rows.answers, rows.features)
    if form.kind == "number":
        values = floats(rows.answers)
        return distribution(values[np.isfinite(values)], "value")
    if form.kind in ("array", "numbers"):
        return embedding_metrics(rows.answers)
    if form.kind == "score":
        return score_metrics(None, rows.answers)
    return text_metrics(None, rows.answers) if form.kind == "text" else {}


def _json(rows: ScoredColumns, truth: Sequence[Any], form: OutputForm) -> Metrics:
    metrics = json_metrics(truth, rows.answers)
    if form.top is not None:
        metrics = top_metrics(truth, rows.answers, form.top)
    return metrics | span_metrics(truth, rows.answers) if form.spans else metrics


def _numbers(rows: ScoredColumns, truth: Sequence[Any], form: OutputForm) -> Metrics:
    return number_list_metrics(truth, rows.answers, form.names)


_METRICS: dict[str, Callable[[ScoredColumns, Sequence[Any], OutputForm], Metrics]] = {
    "labels": lambda rows, truth, form: label_set_metrics(
        truth, rows.answers, form.classes, rows.chances
    ),
    "numbers": _numbers,
    "array": _numbers,
    "quantiles": lambda rows, truth, form: quantile_metrics(
        truth, rows.answers, form.levels or (), form.names
    ),
    "score": lambda rows, truth, _: score_metrics(truth, rows.answers),
    "text": lambda rows, truth, _: text_metrics(truth, rows.answers),
    "json": _json,
}
