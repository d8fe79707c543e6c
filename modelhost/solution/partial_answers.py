"""Answers of a member that raises on some rows: the others are answered, those are missing."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from modelhost.failing_rows import MAX_CALLS
from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberRaisedError


def answers_in_parts(
    ask: Callable[[Any], Predictions], rows: Any, classes: int | None
) -> Predictions:
    """The answers to ``rows``, a frame or an array; missing where ``ask`` raises on a row alone.

    A part that fails is divided in halves; after ``MAX_CALLS`` calls it is missing as a whole.
    ``classes``: the number of probabilities, None if there are none. Raises what ``ask`` raises
    other than ``MemberRaisedError``.
    """
    count = len(rows)
    labels: list[Any] = [None] * count
    chances = None if classes is None else np.full((count, classes), np.nan)
    pending, calls = [range(count)], 0
    while pending:
        part = pending.pop()
        calls += 1
        try:
            predictions = ask(taken(rows, list(part)))
        except MemberRaisedError:
            if len(part) > 1 and calls < MAX_CALLS:
                middle = part.start + len(part) // 2
                pending += [range(middle, part.stop), range(part.start, middle)]
            continue
        labels[part.start : part.stop] = predictions.labels
        if chances is not None and predictions.probabilities is not None:
            chances[part.start : part.stop] = predictions.probabilities
    return Predictions(labels, chances)


def taken(rows: Any, indices: list[int]) -> Any:
    """The rows at these positions, of a frame or an array."""
    return rows[indices] if isinstance(rows, np.ndarray) else rows.iloc[indices]
