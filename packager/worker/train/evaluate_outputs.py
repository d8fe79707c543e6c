"""Metrics of a model whose answers are not one label or number, overall and by slice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.scoring.measures import ROW_MEASURES, OutputForm, whole_measures
from monitoring.slices.slices import ALL
from packager.data.array_column import array_column
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.outputs import Output, completed
from packager.model.hosted_model import HostedModel
from packager.worker.train.dataset import Dataset
from packager.worker.train.intervals import mean_interval

Mask = npt.NDArray[np.bool_]


def evaluate_outputs(model: HostedModel, dataset: Dataset, masks: Mapping[str, Mask]) -> Evaluation:
    """Predict the held-out rows and compare each output with its target.

    With several outputs, a metric has the name of its output before it: ``price.mae``.
    """
    rows = dataset.test
    found = model.predict(rows[list(dataset.features)])
    described = completed(dataset.outputs, model.outputs)
    answers: dict[str, list[Any]] = {
        one.name: found.labels if len(described) == 1 else [row[one.name] for row in found.labels]
        for one in described
    }
    measured = {
        one.name: _Measured(one, right_answers(rows, one), answers[one.name]) for one in described
    }

    def values(mask: Mask) -> MetricValues:
        metrics: dict[str, float] = {}
        intervals: dict[str, tuple[float, float]] = {}
        for name, one in measured.items():
            prefix = "" if len(measured) == 1 else f"{name}."
            for metric, (value, ends) in one.over(mask).items():
                metrics[prefix + metric] = value
                if ends is not None:
                    intervals[prefix + metric] = ends
        return MetricValues(rows=int(mask.sum()), values=metrics, intervals=intervals)

    return Evaluation(
        overall=values(np.ones(len(rows), np.bool_)),
        slices={name: values(mask) for name, mask in masks.items() if name != ALL and mask.any()},
    )


def right_answers(rows: pd.DataFrame, output: Output) -> list[Any] | None:
    """The right answer of each row in the form of the output's answers; None without a target."""
    if not output.target:
        return None
    if len(output.target) > 1:
        cells = rows[list(output.target)].to_numpy()
        if output.kind == "labels":
            names = output.classes or output.target
            return [[n for n, held in zip(names, row, strict=True) if held] for row in cells]
        return [[float(value) for value in row] for row in cells]
    (name,) = output.target
    block = array_column(rows[name])
    if block is not None:
        return [None if cell is None else cell.tolist() for cell in block]
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in rows[name]]


class _Measured:
    """One output: its measures of each row."""

    def __init__(self, output: Output, truth: list[Any] | None, answers: list[Any]) -> None:
        self._form = OutputForm(output.kind, output.classes, output.levels)
        self._truth, self._answers = truth, answers
        self._columns: dict[str, npt.NDArray[np.float64]] = {}
        if truth is not None:
            self._columns = ROW_MEASURES[output.kind](truth, answers, self._form)

    def over(self, mask: Mask) -> dict[str, tuple[float, tuple[float, float] | None]]:
        """Metric → its value over these rows, and its interval."""
        found: dict[str, tuple[float, tuple[float, float] | None]] = {}
        for name, column in self._columns.items():
            some = column[mask]
            some = some[~np.isnan(some)]
            if len(some):
                found[name] = float(some.mean()), mean_interval(some)
        chosen = np.flatnonzero(mask).tolist()
        answers = [self._answers[row] for row in chosen]
        truth = None if self._truth is None else [self._truth[row] for row in chosen]
        whole = whole_measures(truth, answers, self._form)
        return found | {name: (value, None) for name, value in whole.items()}
