"""Scores of rows, which two packages are compared by: the measure of each kind of output.

A measure is the mean of its scores: one of a row each, or of a query of a ranking. A measure that
is no mean of rows, the area under a ROC curve, has scores of rows by its influence function, with
which the paired test is that of DeLong, DeLong & Clarke-Pearson (1988).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.scoring.measures import ROW_MEASURES, ScoredColumns, metrics_of
from packager.errors import PackageError, UsageError
from packager.manifest.outputs import Output
from packager.worker.train.output_rows import form_of, right_answers, seen_events

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class RowMeasure(NamedTuple):
    """The measure of a row that packages are compared by."""

    name: str
    """As in an evaluation."""
    shown: str
    lower_is_better: bool


OUTPUT_MEASURES = {
    "label": RowMeasure("accuracy", "accuracy", lower_is_better=False),
    "number": RowMeasure("mae", "mean absolute error", lower_is_better=True),
    "labels": RowMeasure("jaccard", "Jaccard similarity", lower_is_better=False),
    "numbers": RowMeasure("mae", "mean absolute error", lower_is_better=True),
    "array": RowMeasure("mae", "mean absolute error", lower_is_better=True),
    "quantiles": RowMeasure("pinball", "pinball loss", lower_is_better=True),
    "score": RowMeasure("roc_auc", "ROC AUC", lower_is_better=False),
    "text": RowMeasure("token_f1", "token F1", lower_is_better=False),
    "json": RowMeasure("exact_match", "exact match", lower_is_better=False),
}
"""Kind of output → its measure, unless it is of a task."""


class NoScoreError(Exception):
    """An output has no score of a row; the text says why."""


def measure_of(output: Output) -> RowMeasure:
    """The measure that packages with this output are compared by.

    Raises ``NoScoreError`` for one without right answers, or whose measure is of no row.
    """
    if not output.target:
        raise NoScoreError("it has no right answers")
    if output.group is not None:
        return RowMeasure(f"ndcg_at_{output.k}", f"NDCG of {output.k}", lower_is_better=False)
    if output.times:
        return RowMeasure("brier", "Brier score", lower_is_better=True)
    if output.event is not None:
        raise NoScoreError("the concordance of a risk has no score of a row")
    if output.top is not None:
        name = f"recall_at_{output.top}"
        return RowMeasure(name, f"recall of {output.top}", lower_is_better=False)
    return OUTPUT_MEASURES[output.kind]


class OutputScores:
    """Answers of one package to one output, and the right answers."""

    def __init__(self, answers: Sequence[Any], frame: pd.DataFrame, output: Output) -> None:
        """``answers``: one for each row of ``frame``. Raises ``PackageError`` if one is null."""
        if any(answer is None for answer in answers):
            raise _unanswered()
        self._output = output
        self._measure = measure_of(output)
        self._form = form_of(output, frame)
        self._rows = ScoredColumns(
            answers,
            right_answers(frame, output),
            queries=None if output.group is None else frame[output.group].tolist(),
            events=None if output.event is None else seen_events(frame, output.event).tolist(),
        )

    def over(self, mask: Mask) -> Floats:
        """Scores of the rows in ``mask``, shape (n,), of which higher is better.

        An error has a negative score. Raises ``NoScoreError`` if the measure is not defined for
        these rows, and ``PackageError`` if one has no score.
        """
        scores = self._row_scores(self._rows.where(mask))
        return -scores if self._measure.lower_is_better else scores

    def _row_scores(self, rows: ScoredColumns) -> Floats:
        own = self._output
        if own.kind == "score" or own.group or own.event or own.top:
            metric = metrics_of(rows, self._form).get(self._measure.name)
            if metric is None or metric.influence is None:
                raise NoScoreError(f"its {self._measure.shown} is not defined for these rows")
            return metric.value + metric.influence
        columns = ROW_MEASURES[own.kind](rows.truth or [], rows.answers, self._form)
        scores = columns[self._measure.name]
        if np.isnan(scores).any():
            raise _unanswered()
        return scores


def answers_of(answers: Sequence[Mapping[str, Any]], name: str, outputs: int) -> list[Any]:
    """The answers of ``package predict`` for one of several outputs, or the only one."""
    predictions = [answer["prediction"] for answer in answers]
    if outputs == 1:
        return predictions
    return [None if one is None else one[name] for one in predictions]


def paired_outputs(
    first: Sequence[Output], second: Sequence[Output]
) -> tuple[list[tuple[Output, Output]], dict[str, str]]:
    """The outputs of two packages that can be compared, and why others can't, by name.

    Raises ``UsageError`` if none can.
    """
    others = {one.name: one for one in second}
    if len(first) == len(second) == 1:
        others = {first[0].name: second[0]}
    pairs, left_out = [], {}
    for one in first:
        other = others.get(one.name)
        try:
            if other is None:
                raise NoScoreError("the second package lacks it")
            _check_alike(one, other)
            measure_of(one)
        except NoScoreError as error:
            left_out[one.name] = str(error)
        else:
            pairs.append((one, other))
    known = {one.name for one in first}
    if len(second) > 1:
        left_out |= {n: "the first package lacks it" for n in others if n not in known}
    if not pairs:
        shown = "; ".join(
            f"{one.name} ({one.kind}): {left_out[one.name]}" for one in first
        )  # fmt: skip
        raise UsageError(
            f"--data: expected an output with a score of each row, got {shown}",
            "compare their metrics on held-out rows: package diff A B",
        )
    return pairs, left_out


def _check_alike(one: Output, other: Output) -> None:
    """Raise ``NoScoreError`` for outputs that are not measured in the same way."""
    for key in ("kind", "target", "levels", "group", "k", "event", "times", "top"):
        mine, theirs = getattr(one, key), getattr(other, key)
        if mine != theirs:
            shown = f"{_shown(mine)} in the first and {_shown(theirs)} in the second"
            raise NoScoreError(f"expected the same {key}, got {shown}")


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _unanswered() -> PackageError:
    return PackageError(
        "expected an answer for every row, got none for some", "compare rows both can answer"
    )
