"""The model's answers to new rows, and the rows that it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.failing_rows import PartError, predict_in_parts
from packager.errors import PackageError
from packager.manifest.manifest import Column
from packager.model.hosted import HostEndedError
from packager.model.hosted_model import HostedModel
from packager.model.predictions import Predictions
from packager.worker.test.quoted_cells import without_quotes

BATCH_ROWS = 10_000
MAX_REFUSED = 100
"""After this many rows that the model refuses, the test ends with an error."""


@dataclass(frozen=True)
class RefusedRow:
    """A row on which the model raised."""

    row: int
    """Position among the valid rows."""
    why: str


@dataclass(frozen=True)
class ModelAnswers:
    """The answers of the rows that the model answered."""

    predictions: Predictions
    answered: npt.NDArray[np.bool_]
    """Of each valid row, shape (n,)."""
    refused: tuple[RefusedRow, ...] = ()


def predict_rows(
    model: HostedModel, features: pd.DataFrame, columns: Sequence[Column]
) -> ModelAnswers:
    """Predict every row; rows on which the model raises are left out.

    ``columns``: those of ``features``; reasons quote no cell if one holds personal data. Raise
    ``PackageError`` if the model's process ends, or it raises on more than ``MAX_REFUSED`` rows.
    """
    quiet = model.untraced()
    pending = [
        range(start, min(start + BATCH_ROWS, len(features)))
        for start in range(0, len(features), BATCH_ROWS)
    ][::-1]
    parts: list[Predictions] = []
    answered = np.ones(len(features), np.bool_)
    refused: list[RefusedRow] = []
    while pending:
        batch = pending.pop()
        try:
            parts.append(_part(quiet, features, batch))
        except PartError as error:
            bad = batch[error.rows.start : error.rows.stop]
            answered[bad.start : bad.stop] = False
            why = error.__cause__ or error
            text = why.message if isinstance(why, PackageError) else str(why)
            text = without_quotes(text, columns)
            refused += [RefusedRow(row, text) for row in bad]
            if len(refused) > MAX_REFUSED:
                raise PackageError(
                    f"the model raised on more than {MAX_REFUSED} of the new rows, first on row "
                    f"{refused[0].row}: {refused[0].why}",
                    "leave out rows that it can't answer, or package a model that can",
                ) from error
            ranges = [range(batch.start, bad.start), range(bad.stop, batch.stop)]
            pending += [part for part in reversed(ranges) if len(part)]
    return ModelAnswers(joined(parts), answered, tuple(refused))


def _part(model: HostedModel, features: pd.DataFrame, batch: range) -> Predictions:
    rows = features.iloc[batch.start : batch.stop]

    def one(part: range) -> Predictions:
        return model.predict(rows.iloc[part.start : part.stop].reset_index(drop=True))

    return predict_in_parts(one, len(batch), (HostEndedError,))


def joined(parts: list[Predictions]) -> Predictions:
    """The answers of several batches as one."""
    chances = [part.probabilities for part in parts if part.probabilities is not None]
    more = [one for part in parts for one in part.more or ()]
    return Predictions(
        [label for part in parts for label in part.labels],
        np.concatenate(chances) if chances else None,
        more or None,
    )
