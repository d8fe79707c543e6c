"""Metrics of a model whose answers are not one label or number, overall and by slice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitoring.scoring.measures import OutputForm, ScoredColumns, metrics_of
from monitoring.scoring.metric import Flags, Metric
from monitoring.slices.slices import ALL
from monitoring.stats.intervals import Interval, mean_interval, share_interval
from packager.manifest.base import Task
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.outputs import Output, completed
from packager.model.hosted_model import HostedModel
from packager.model.predictions import Predictions
from packager.worker.train.dataset import Dataset
from packager.worker.train.evaluate import check_labels, metrics
from packager.worker.train.output_baseline import baseline_rows
from packager.worker.train.output_rows import (
    by_output,
    form_of,
    right_answers,
    scored_rows,
)

DISTRIBUTIONS = ("score_", "length_")
"""Beginnings of metrics of the answers alone, which have no baseline."""
MAX_SLICE_PARTS = 100
"""With more metrics of labels, steps or elements, slices have none of them."""


def evaluate_outputs(
    model: HostedModel, predictions: Predictions, dataset: Dataset, masks: Mapping[str, Flags]
) -> Evaluation:
    """Compare the answers to the held-out rows with the targets, for each output.

    With several outputs, a metric has the name of its output before it: ``price.mae``.
    """
    described = completed(dataset.outputs, model.outputs)
    prefixes = [""] if len(described) == 1 else [f"{one.name}." for one in described]
    answered = by_output(predictions, described)
    measured = [
        (prefix, _Measured(one, answers, dataset))
        for prefix, one, answers in zip(prefixes, described, answered, strict=True)
    ]

    def values(mask: Flags, most: int | None = None) -> MetricValues:
        parts = [(prefix, one.over(mask)) for prefix, one in measured]
        return _joined(int(mask.sum()), parts, most)

    return Evaluation(
        overall=values(np.ones(len(dataset.test), np.bool_)),
        slices={
            name: values(mask, MAX_SLICE_PARTS)
            for name, mask in masks.items()
            if name != ALL and mask.any()
        },
    )


class _Measured:
    """One output: its rows, and those of its baseline."""

    def __init__(self, output: Output, predictions: Predictions, dataset: Dataset) -> None:
        self._output = output
        self._form: OutputForm = form_of(output, dataset.train)
        self._rows: ScoredColumns = scored_rows(dataset.test, output, predictions, dataset.features)
        self._baseline = baseline_rows(dataset.test, dataset.train, output, self._rows)
        if output.kind == "label" and output.target:
            known = {*(right_answers(dataset.train, output) or ())}
            check_labels(self._rows.answers, known, output.target[0])

    def over(self, mask: Flags) -> MetricValues:
        """Metrics over the rows of ``mask``, with intervals and baseline."""
        ranking = self._rows.queries is not None
        mask_of_rows = self._complete_queries(mask) if ranking else mask
        model_metrics = self._metrics(self._rows.where(mask_of_rows))
        if self._baseline is None:
            return model_metrics
        beside = self._metrics(self._baseline.where(mask_of_rows)).values
        known = {
            name: value
            for name, value in beside.items()
            if name in model_metrics.values
            and not name.startswith(DISTRIBUTIONS)
            and name != "queries"
        }
        return model_metrics.model_copy(update={"baseline": known})

    def _metrics(self, rows: ScoredColumns) -> MetricValues:
        plain = self._output.kind in ("label", "number") and rows.queries is None
        if plain and rows.truth is not None:
            task: Task = "classification" if self._output.kind == "label" else "regression"
            predictions = Predictions(list(rows.answers), rows.chances)
            return metrics(rows.truth, predictions, self._output.classes, task)
        by_name = metrics_of(rows, self._form)
        ends = {name: interval_of(one) for name, one in by_name.items()}
        return MetricValues(
            rows=len(rows.answers),
            values={name: one.value for name, one in by_name.items()},
            intervals={name: both for name, both in ends.items() if both is not None},
            parts=tuple(sorted(name for name, one in by_name.items() if one.part)),
        )

    def _complete_queries(self, mask: Flags) -> Flags:
        """All rows of the queries that have a row in ``mask``."""
        queries = self._rows.queries
        assert queries is not None
        held = {query for query, chosen in zip(queries, mask, strict=True) if chosen}
        return np.array([query in held for query in queries], np.bool_)


def interval_of(metric: Metric) -> Interval | None:
    """The 95 % interval; None if it is unknown, or a single row can't give one."""
    influence = metric.influence
    if influence is None or not len(influence):
        return None
    if metric.range == "share":
        return share_interval(min(1.0, max(0.0, metric.value)), influence, len(influence))
    ends = mean_interval(metric.value + influence)
    if ends is None or metric.range == "any":
        return ends
    return max(0.0, ends[0]), ends[1]


def _joined(rows: int, parts: list[tuple[str, MetricValues]], most: int | None) -> MetricValues:
    """The metrics of all outputs; at most ``most`` that are of one label, step or element."""
    details = {prefix + name for prefix, one in parts for name in one.parts}
    left_out = details if most is not None and len(details) > most else set()
    values, intervals, baseline = (
        {
            prefix + name: value
            for prefix, one in parts
            for name, value in getattr(one, field).items()
            if prefix + name not in left_out
        }
        for field in ("values", "intervals", "baseline")
    )
    return MetricValues(
        rows=rows,
        values=values,
        intervals=intervals,
        baseline=baseline,
        parts=tuple(sorted(details - left_out)),
    )
