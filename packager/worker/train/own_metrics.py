"""Metrics of the project's own function, which runs in the model's process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from monitoring.scoring.metric import Flags, Floats, floats
from monitoring.slices.slices import ALL
from monitoring.stats.intervals import mean_interval
from packager.errors import UsageError
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.model.hosted_model import HostedModel
from packager.worker.train.dataset import Dataset
from packager.worker.train.train_only import without_train_only


def with_own_metrics(
    evaluation: Evaluation, model: HostedModel, dataset: Dataset, masks: Mapping[str, Flags]
) -> Evaluation:
    """``evaluation`` with the metrics of the function ``dataset.metrics``.

    A number is a metric of all held-out rows; of one number for each row the mean is a metric,
    overall and of each slice. Raise ``UsageError`` for the name of another metric, and
    ``PackageError`` if the function raises.
    """
    assert dataset.metrics is not None
    features = list(dataset.features)
    with without_train_only(dataset.train_only):
        predictions = model.predict(dataset.test[features])
    rows = dataset.test[[*features, *dataset.targets]]
    measured = model.measure(dataset.metrics, rows, features, dataset.targets, predictions)
    if taken := sorted(measured.keys() & evaluation.overall.values.keys()):
        raise UsageError(
            f"[recipe] metrics: expected names of its own, got {taken[0]!r}, which is measured"
            " already",
            "give it another name",
        )
    columns = {name: floats(one) for name, one in measured.items() if isinstance(one, list)}
    single = {name: float(one) for name, one in measured.items() if not isinstance(one, list)}
    overall = _with_means(evaluation.overall, columns, np.ones(len(rows), np.bool_))
    return Evaluation(
        overall=overall.model_copy(update={"values": {**overall.values, **single}}),
        slices={
            name: _with_means(one, columns, masks[name]) if name != ALL else one
            for name, one in evaluation.slices.items()
        },
    )


def _with_means(metrics: MetricValues, columns: Mapping[str, Floats], mask: Flags) -> MetricValues:
    values, intervals = dict(metrics.values), dict(metrics.intervals)
    for name, column in columns.items():
        some = column[mask]
        some = some[~np.isnan(some)]
        if len(some):
            values[name] = float(some.mean())
            ends = mean_interval(some)
            if ends is not None:
                intervals[name] = ends
    changed: dict[str, Any] = {"values": values, "intervals": intervals}
    return metrics.model_copy(update=changed)
