"""Find the row on which a model raises, by bisection."""

from __future__ import annotations

from time import monotonic
from typing import Callable

import numpy as np

from modelhost.predictions import Predictions

MAX_CALLS = 64
"""Calls after which a failing part is not divided: 2 · log2(n) find the first bad row of n."""
MAX_SECONDS = 5.0
"""Time after which a failing part is not divided."""

PredictFunction = Callable[[range], Predictions]


class PartError(Exception):
    """The model raised its ``__cause__`` on these rows: one row, unless a bound was reached."""

    def __init__(self, rows: range) -> None:
        super().__init__(f"the model raised on rows {rows.start} to {rows.stop - 1}")
        self.rows = rows


def predict_in_parts(
    ask: PredictFunction, rows: int, passed: tuple[type[Exception], ...] = (MemoryError,)
) -> Predictions:
    """Predictions for ``rows`` rows; if the model raises on all at once, halves are tried.

    A model may raise on all rows but accept each part: then the joined parts are returned. Raises
    ``PartError`` for the first failing part that can't be divided further. Exceptions of the types
    ``passed`` are about no row and pass through.
    """
    pending, calls = [range(rows)], 0
    answered: list[Predictions] = []
    until = monotonic() + MAX_SECONDS
    while pending:
        part = pending.pop()
        calls += 1
        try:
            answered.append(ask(part))
        except passed:
            raise
        except (Exception, SystemExit) as error:  # a model that exits must not end the process
            if len(part) == 1 or calls >= MAX_CALLS or monotonic() > until:
                raise PartError(part) from error
            middle = part.start + len(part) // 2
            pending += [range(middle, part.stop), range(part.start, middle)]
    return answered[0] if len(answered) == 1 else _joined(answered)


def _joined(parts: list[Predictions]) -> Predictions:
    chances = [part.probabilities for part in parts if part.probabilities is not None]
    labels = [label for part in parts for label in part.labels]
    more = [entry for part in parts for entry in part.more or ()]
    absent: dict[str, list[int]] = {}
    before = 0
    for part in parts:
        for name, rows in (part.absent or {}).items():
            absent.setdefault(name, []).extend(before + row for row in rows)
        before += len(part.labels)
    joined = np.concatenate(chances) if chances else None
    return Predictions(labels, joined, more or None, absent or None)
