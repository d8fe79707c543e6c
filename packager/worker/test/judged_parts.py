"""The answers of a model as one label or number a row: what calibration and fairness compare.

A classification or a regression is one part, without a name. Of ``[outputs]`` each output of one
label or number is a part, and so is each label of a set: whether a row has it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitoring.metrics.class_labels import class_text
from monitoring.scoring.label_sets import indicators
from monitoring.scoring.measures import ScoredColumns
from packager.manifest.base import Task
from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.test.judged_rows import JudgedData, JudgedOutputs, JudgedRows

MAX_LABELS = 20
"""Labels of a set that are parts."""


class JudgedParts(NamedTuple):
    """Parts with a name, ``""`` for the only one, and the outputs that have none."""

    parts: dict[str, JudgedRows]
    left_out: dict[str, str]
    """Output → why it is no label or number of a row."""


def judged_parts(judged: JudgedData) -> JudgedParts:
    """The parts of ``judged``, each of n rows."""
    if isinstance(judged, JudgedRows):
        return JudgedParts({"": judged}, {})
    divided = JudgedParts({}, {})
    for output, rows in zip(judged.outputs, judged.rows, strict=True):
        why = _why_none(output, rows)
        if why:
            divided.left_out[output.name] = why
        elif output.kind == "labels":
            _add_labels(divided, judged, output, rows)
        else:
            name = "" if len(judged.outputs) == 1 else output.name
            divided.parts[name] = _part(judged, output, rows)
    return divided


def metric_of(part: str, metric: str) -> str:
    """The name of a metric of a part: ``price.mae``."""
    return f"{part}.{metric}" if part else metric


def _why_none(output: Output, rows: ScoredColumns) -> str:
    if output.kind not in ("label", "number", "labels"):
        return f"its answers (kind {output.kind}) are no label and no number of a row"
    if rows.truth is None:
        return "the data have no right answers to it"
    if rows.queries is not None:
        return "its rows are ranked within their queries"
    if rows.events is not None:
        return "some of its times are of events that were not seen"
    if output.kind == "labels" and not _labels(output):
        return "its labels are unknown: declare classes in [outputs]"
    return ""


def _part(judged: JudgedOutputs, output: Output, rows: ScoredColumns) -> JudgedRows:
    assert rows.truth is not None
    task: Task = "classification" if output.kind == "label" else "regression"
    predictions = Predictions(list(rows.answers), rows.chances)
    return JudgedRows(task, rows.truth, predictions, output.classes, judged.groups)


def _add_labels(
    divided: JudgedParts, judged: JudgedOutputs, output: Output, rows: ScoredColumns
) -> None:
    """The parts of a set: whether each row has, and should have, each label."""
    labels = _labels(output)
    truth, answers = (indicators(one or (), labels) for one in (rows.truth, rows.answers))
    chances = rows.chances
    for index, label in enumerate(labels[:MAX_LABELS]):
        has = class_text(label)
        name = has if len(judged.outputs) == 1 else f"{output.name}.{has}"
        own = None
        if chances is not None and chances.shape[1] == len(labels):
            own = np.column_stack([1 - chances[:, index], chances[:, index]])
        predicted = Predictions(answers[:, index].tolist(), own)
        divided.parts[name] = JudgedRows(
            "classification", truth[:, index].tolist(), predicted, (False, True), judged.groups
        )
    if len(labels) > MAX_LABELS:
        beyond = f"{len(labels) - MAX_LABELS} of its labels are beyond the first {MAX_LABELS}"
        divided.left_out[output.name] = beyond


def _labels(output: Output) -> tuple[bool | int | float | str, ...]:
    if output.classes:
        return output.classes
    return output.target if len(output.target) > 1 else ()
