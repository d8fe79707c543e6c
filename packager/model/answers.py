"""A model's answers for the rows of a frame, in the form of ``/predict``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from modelhost.failing_rows import PartError, predict_in_parts
from modelhost.project_code import project_errors
from packager.manifest.manifest import Schema
from packager.model.model import Model, Predictions
from packager.model.predictions import prediction_answers

BATCH_ROWS = 10_000
"""Maximum rows per call of the model."""


def answers(
    frame: pd.DataFrame,
    flags: Sequence[Sequence[str]],
    schema: Schema,
    model: Model,
    *,
    named: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield one answer per row: prediction, probabilities if the model has any, flags.

    ``frame`` holds rows validated against ``schema``; ``flags``, shape (n,), the flags that the
    validation set on each row. Raises ``PackageError`` if the model raises; with ``named``, the
    error names the first row on which it does.
    """
    features = frame[[column.name for column in schema.features]]
    for start in range(0, len(features), BATCH_ROWS):
        part = features.iloc[start : start + BATCH_ROWS]
        if named:
            predictions = _named(model, part, start)
        else:
            with project_errors("the model"):
                predictions = model.predict(part)
        marks = flags[start : start + BATCH_ROWS]
        for one, marked in zip(prediction_answers(predictions, schema.classes), marks, strict=True):
            yield {**one, "flags": list(marked)}


def _named(model: Model, frame: pd.DataFrame, start: int) -> Predictions:
    """Predictions for ``frame``, whose first row has number ``start``; an error names the row."""
    try:
        return predict_in_parts(
            lambda rows: model.predict(frame.iloc[rows.start : rows.stop]), len(frame)
        )
    except PartError as error:
        first, last = start + error.rows.start, start + error.rows.stop - 1
        place = f"row {first}" if first == last else f"rows {first} to {last}"
        with project_errors(f"{place}: the model"):
            raise (error.__cause__ or error) from None
