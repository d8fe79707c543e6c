"""Rows with right answers and the model's answers: metrics with their sampling variance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.metrics.class_labels import class_text
from monitoring.scoring.areas import roc_area
from monitoring.scoring.measures import ROW_MEASURES, OutputForm, ScoredColumns, metrics_of
from monitoring.scoring.metric import Metric, mean, present, root_mean
from monitoring.scoring.outputs import HEADLINES, headline_of
from monitoring.stats.estimates import Estimate, estimate
from packager.manifest.base import Scalar, Task
from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.test.baseline import Baseline, LossSums, MetricEstimate, SliceBaseline
from packager.worker.train.evaluate import numbers
from packager.worker.train.influences import (
    auc_influences,
    class_influences,
    r2_influences,
)
from packager.worker.train.output_rows import by_output, form_of, scored_rows

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
SHARES = frozenset({"accuracy", "exact_match"})  # means of zeros and ones
MAX_RECALLS = 10
"""With more classes, there is no recall of each."""


@dataclass(frozen=True)
class JudgedRows:
    """The labelled rows of a classification or regression."""

    task: Task
    truth: Sequence[Scalar | None]
    predictions: Predictions
    classes: tuple[Scalar, ...] | None
    groups: Codes | None = None
    """Of each row, shape (n,); None for independent rows."""

    def __len__(self) -> int:
        return len(self.truth)

    def where(self, mask: Mask) -> JudgedRows:
        """The rows of ``mask``, shape (n,)."""
        indices = np.flatnonzero(mask).tolist()
        return replace(
            self,
            truth=[self.truth[row] for row in indices],
            predictions=self.predictions.at(indices),
            groups=None if self.groups is None else self.groups[mask],
        )

    def in_slice(self, name: str, mask: Mask) -> JudgedRows:  # noqa: ARG002
        """The rows of the slice ``name``, which are those of ``mask``."""
        return self.where(mask)

    def estimates(self) -> dict[str, Estimate]:
        """Metric → estimate; metrics that these rows leave undefined are absent."""
        if not len(self):
            return {}
        if self.task == "regression":
            answered = np.isfinite(self._numbers)
            groups = None if self.groups is None else self.groups[answered]
            return estimates(self._number_metrics(answered), groups)
        return estimates(self._class_metrics(), self.groups) | self._recalls()

    def _recalls(self) -> dict[str, Estimate]:
        """The recall of each class: the share of right answers to its rows."""
        truth, guess, known = self.codes
        rates: dict[str, Estimate] = {}
        for label, code in known.items() if len(known) <= MAX_RECALLS else ():
            own = truth == code
            metric = mean(np.asarray(guess[own] == code, np.float64), "share")
            if metric is not None:
                groups = None if self.groups is None else self.groups[own]
                rates[f"recall {class_text(label)}"] = estimate(metric, groups)._replace(share=True)
        return rates

    @cached_property
    def losses(self) -> Floats | None:
        """The loss of each row, shape (n,): 1 for a wrong label, or the absolute error.

        NaN for a row of a regression without a number.
        """
        if self.task == "regression":
            return np.abs(self.errors)
        truth, guess, _ = self.codes
        return np.asarray(truth != guess, np.float64)

    @property
    def errors(self) -> Floats:
        """Of a regression: answer minus truth, shape (n,); NaN for a row without a number."""
        return self._numbers - numbers(self.truth)

    @cached_property
    def codes(self) -> tuple[Codes, Codes, dict[Scalar, int]]:
        """Class codes of truth and answers, -1 for none, and label → code: the classes first."""
        known: dict[Scalar, int] = {}
        for label in (*(self.classes or ()), *self.truth, *self.predictions.labels):
            if label is not None:
                known.setdefault(label, len(known))
        truth = np.array([-1 if one is None else known[one] for one in self.truth], np.int64)
        guess = np.array([-1 if p is None else known[p] for p in self.predictions.labels], np.int64)
        return truth, guess, known

    @cached_property
    def _numbers(self) -> Floats:
        return numbers(self.predictions.labels)

    def _class_metrics(self) -> dict[str, Metric]:
        truth, guess, _ = self.codes
        influences = class_influences(truth, guess)
        accuracy = float((truth == guess).mean())
        metrics = {"accuracy": Metric(accuracy, influences["accuracy"], "share")}
        shown = np.unique(truth)
        balanced = float(np.mean([np.mean(guess[truth == code] == code) for code in shown]))
        metrics["balanced_accuracy"] = Metric(balanced, influences["balanced_accuracy"], "share")
        return metrics | self._probabilistic(truth)

    def _probabilistic(self, truth: Codes) -> dict[str, Metric]:
        chances = self.predictions.probabilities
        if chances is None or not np.isfinite(chances).all() or truth.max() >= chances.shape[1]:
            return {}
        smallest = float(np.finfo(np.float64).eps)
        losses = -np.log(np.clip(chances[np.arange(len(truth)), truth], smallest, 1))
        metrics = present({"log_loss": mean(losses, "positive")})
        count = chances.shape[1]
        if count > 1 and len(np.unique(truth)) == count:
            scored = [1] if count == 2 else list(range(count))
            area = float(np.mean([roc_area(truth == one, chances[:, one]) for one in scored]))
            metrics["roc_auc"] = Metric(area, auc_influences(truth, chances, scored), "share")
        return metrics

    def _number_metrics(self, answered: Mask) -> dict[str, Metric]:
        truth, guess = numbers(self.truth)[answered], self._numbers[answered]
        if not len(truth):
            return {}
        error = guess - truth
        metrics = present(
            {
                "mae": mean(np.abs(error), "positive"),
                "rmse": root_mean(error**2),
                "bias": mean(error),
            }
        )
        spread = float(((truth - truth.mean()) ** 2).sum())
        if spread > 0:
            value = 1 - float((error**2).sum()) / spread
            metrics["r2"] = Metric(value, r2_influences(truth, error))
        return metrics


@dataclass(frozen=True)
class JudgedOutputs:
    """The labelled rows of a model with ``[outputs]``; a metric has its output's name before it."""

    outputs: tuple[Output, ...]
    rows: tuple[ScoredColumns, ...]
    """Of each output."""
    forms: tuple[OutputForm, ...]
    size: int
    groups: Codes | None = None

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        outputs: tuple[Output, ...],
        predictions: Predictions,
        features: Sequence[str],
        groups: Codes | None = None,
    ) -> JudgedOutputs:
        """``frame``: rows with the targets; ``predictions``: the answers to them."""
        answered = by_output(predictions, outputs)
        rows = [
            scored_rows(frame, one, own, features)
            for one, own in zip(outputs, answered, strict=True)
        ]
        forms = [form_of(output, frame) for output in outputs]
        return cls(outputs, tuple(rows), tuple(forms), len(frame), groups)

    def __len__(self) -> int:
        return self.size

    def where(self, mask: Mask) -> JudgedOutputs:
        """The rows of ``mask``, shape (n,)."""
        return replace(
            self,
            rows=tuple(row.where(mask) for row in self.rows),
            size=int(mask.sum()),
            groups=None if self.groups is None else self.groups[mask],
        )

    def in_slice(self, name: str, mask: Mask) -> JudgedOutputs:  # noqa: ARG002
        """As ``JudgedRows.in_slice``."""
        return self.where(mask)

    def estimates(self) -> dict[str, Estimate]:
        """As ``JudgedRows.estimates``."""
        estimated: dict[str, Estimate] = {}
        if not self.size:
            return estimated
        for output, rows, form in zip(self.outputs, self.rows, self.forms, strict=True):
            prefix = "" if len(self.outputs) == 1 else f"{output.name}."
            own = _plain(rows, output)
            if own is None:
                measured = metrics_of(rows, form).items()
                own = {name: one for name, one in measured if not one.part}
            queries = rows.queries is not None
            made = estimates(own, None if queries else self.groups)
            estimated |= {prefix + name: one for name, one in made.items()}
        return estimated

    @property
    def losses(self) -> Floats | None:
        """Of the only output with a measure of rows: its headline, as a loss; None for none."""
        rows, form = self.rows[0], self.forms[0]
        name = headline_of(form) if form.top is not None else HEADLINES.get(form.kind)
        several = len(self.outputs) > 1 or rows.queries is not None or rows.events is not None
        if several or rows.truth is None or name is None:
            return None
        measured = ROW_MEASURES[form.kind](rows.truth, rows.answers, form)[name]
        if np.isnan(measured).any():  # a recommendation without a right item
            return None
        return measured if name in ("mae", "pinball") else 1 - measured


JudgedData = JudgedRows | JudgedOutputs


def estimates(metrics: Mapping[str, Metric], groups: Codes | None) -> dict[str, Estimate]:
    """Each metric's estimate; its variance is unknown if groups don't fit its rows."""
    estimated = {}
    for name, one in metrics.items():
        if not math.isfinite(one.value):
            continue
        fits = one.influence is None or groups is None or len(groups) == len(one.influence)
        made = estimate(one if fits else one._replace(influence=None), groups if fits else None)
        mean_of_flags = one.range == "share" and name.rpartition(".")[2] in SHARES
        estimated[name] = made._replace(share=mean_of_flags)
    return estimated


def baseline_of(judged: JudgedData, masks: Mapping[str, Mask]) -> Baseline:
    """The statistics of ``judged``, for each slice of ``masks`` that has a row."""
    losses = judged.losses
    slices = {}
    for name, mask in masks.items():
        if not mask.any():
            continue
        part = judged.where(mask)
        slices[name] = SliceBaseline(
            rows=len(part),
            metrics={key: MetricEstimate.of(one) for key, one in part.estimates().items()},
            losses=None if losses is None else _sums(losses[mask], part.groups),
        )
    groups = None if judged.groups is None else len(np.unique(judged.groups))
    return Baseline(rows=len(judged), groups=groups, slices=slices)


def _sums(losses: Floats, groups: Codes | None) -> LossSums:
    known = np.isfinite(losses)
    values = losses[known]
    effect = 1.0
    metric = mean(values)
    if groups is not None and metric is not None:
        simple, grouped = estimate(metric), estimate(metric, groups[known])
        if simple.variance > 0 and math.isfinite(grouped.variance):
            effect = grouped.variance / simple.variance
    return LossSums(
        rows=len(values),
        total=float(values.sum()),
        squares=float((values**2).sum()),
        design_effect=effect,
    )


def _plain(rows: ScoredColumns, output: Output) -> dict[str, Metric] | None:
    """The metrics of a single label or number; None for other answers."""
    if output.kind not in ("label", "number") or rows.truth is None:
        return None
    if rows.queries is not None or rows.events is not None:
        return None
    task: Task = "classification" if output.kind == "label" else "regression"
    predictions = Predictions(list(rows.answers), rows.chances)
    judged = JudgedRows(task, rows.truth, predictions, output.classes)
    if task == "classification":
        return judged._class_metrics()
    return judged._number_metrics(np.isfinite(numbers(predictions.labels)))
