"""Asking a model about many rows, so that the row on which it raises is found."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import numpy as np

from packager.model.predictions import Predictions

MAX_CALLS = 64
"""Parts of one request that are asked by themselves: 2 · log2(n) find the first bad row of n."""
MAX_SECONDS = 5.0
"""No further part is asked after so long."""

PredictFunction = Callable[[range], Predictions]


class PartError(Exception):
    """The model raised on these rows; the cause says what. Of one row, unless time ran out."""

    def __init__(self, rows: range) -> None:
        super().__init__(f"the model raised on rows {rows.start} to {rows.stop - 1}")
        self.rows = rows


def predict_in_parts(ask: PredictFunction, rows: int) -> Predictions:
    """The predictions for ``rows`` rows; halves of them, where the model raises on all at once.

    A model may raise on rows together and take each part: then its answers to the parts are the
    answer. Raises ``PartError`` for the first part that can't be divided any further.
    """
    pending, answered, asked = [range(rows)], list[Predictions](), 0
    until = monotonic() + MAX_SECONDS
    while pending:
        part = pending.pop()
        asked += 1
        try:
            answered.append(ask(part))
        except (Exception, SystemExit) as error:  # a model that exits must not end the process
            if len(part) == 1 or asked >= MAX_CALLS or monotonic() > until:
                raise PartError(part) from error
            middle = part.start + len(part) // 2
            pending += [range(middle, part.stop), range(part.start, middle)]
    return answered[0] if len(answered) == 1 else _joined(answered)


def _joined(parts: list[Predictions]) -> Predictions:
    chances = [part.probabilities for part in parts if part.probabilities is not None]
    labels = [label for part in parts for label in part.labels]
    return Predictions(labels, np.concatenate(chances) if chances else None)
