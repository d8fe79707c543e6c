"""Whether a solution answers the same rows in the same way twice.

A flow with a state or random numbers of its own would make its error something else in every run,
and the shares of its members meaningless.
"""

from __future__ import annotations

import numpy as np

from modelhost.text import truncate
from packager.errors import PackageError
from packager.model.answer_difference import agree
from packager.model.predictions import Predictions


def first_difference(one: Predictions, other: Predictions) -> int | None:
    """The first row whose answers differ by more than floating point; None if there is none."""
    for row, (first, second) in enumerate(zip(one.labels, other.labels, strict=True)):
        if not agree(first, second):
            return row
    if one.probabilities is None or other.probabilities is None:
        return None
    near = np.isclose(one.probabilities, other.probabilities, 1e-6, 1e-9, equal_nan=True)
    rows = np.flatnonzero(~near.all(axis=1))
    return int(rows[0]) if len(rows) else None


def check_repeated(one: Predictions, other: Predictions) -> None:
    """Raise ``PackageError`` naming the first held-out row that two runs answer differently."""
    row = first_difference(one, other)
    if row is None:
        return
    both = " and ".join(truncate(str(predictions.labels[row]), 80) for predictions in (one, other))
    if one.labels[row] == other.labels[row]:
        both = f"other probabilities of {both.partition(' and ')[0]}"
    raise PackageError(
        f"the flow: expected the same answer to the same row twice, got {both} for held-out row"
        f" {row}",
        "a flow keeps no state between calls and draws no random numbers without a fixed seed;"
        " so do its members",
    )
