"""A score of each row for outputs, which two packages are compared by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.scoring.measures import ROW_MEASURES
from packager.errors import PackageError, UsageError
from packager.manifest.outputs import Output
from packager.worker.train.output_rows import form_of, right_answers

Floats = npt.NDArray[np.float64]


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
    "quantiles": RowMeasure("pinball", "pinball loss", lower_is_better=True),
    "text": RowMeasure("token_f1", "token F1", lower_is_better=False),
    "json": RowMeasure("exact_match", "exact match", lower_is_better=False),
}
"""Kind of output → its measure; kinds without a right answer of a row have none."""


def check_compared(outputs: Sequence[Output]) -> None:
    """Raise ``UsageError`` unless there is one output that has a score of each row."""
    names = ", ".join(f"{one.name} ({one.kind})" for one in outputs)
    if len(outputs) != 1:
        raise UsageError(
            f"--data: expected packages with one output, got {names}",
            "compare their metrics on held-out rows: package diff A B",
        )
    (output,) = outputs
    task = next((key for key in ("group", "event", "top") if getattr(output, key)), None)
    if output.kind not in OUTPUT_MEASURES or task:
        raise UsageError(
            f"--data: expected an output with a score of each row, got {names}"
            f"{f' with {task}' if task else ''}",
            "compare their metrics on held-out rows: package diff A B",
        )


def output_scores(
    answers: Sequence[Mapping[str, Any]], frame: pd.DataFrame, output: Output
) -> Floats:
    """Scores, shape (n,), higher is better; an error has a negative score.

    Raise ``PackageError`` if a row has no score.
    """
    measure = OUTPUT_MEASURES[output.kind]
    given = [answer["prediction"] for answer in answers]
    right = right_answers(frame, output) or []
    column = ROW_MEASURES[output.kind](right, given, form_of(output, frame))[measure.name]
    if np.isnan(column).any():
        raise PackageError(
            "expected an answer for every row, got none for some", "compare rows both can answer"
        )
    return -column if measure.lower_is_better else column
