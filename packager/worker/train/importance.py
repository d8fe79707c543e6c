"""Permutation importance: features whose permuted values change a model's predictions most.

The same model and rows give the same order, because the search is bounded by a number of
predictions, not by time. With many features, groups are permuted at once and bisected.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.manifest.manifest import Column
from packager.model.model import Model, Predictions
from packager.worker.train.answers import numbers_within

MAX_ALONE = 200
"""Up to this many features are permuted one by one; more are permuted in groups."""
MAX_CALLS = 120
"""Maximum number of predictions with permuted groups."""
MAX_ROWS = 1_000
MAX_CELLS = 1_000_000
"""Maximum rows times features of one prediction, but at least ``MIN_ROWS`` rows."""
MIN_ROWS = 50
PROGRESS_SECONDS = 40

Floats = npt.NDArray[np.float64]


def by_importance(model: Model, features: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
    """The columns in descending order of permutation importance.

    ``features`` are all inputs of the model; ``columns`` some or all of them. No labels are needed:
    the importance is the mean absolute change of probabilities or predicted numbers, or else the
    share of changed labels. Columns that the search doesn't reach come last, in their own order.
    Exceptions of the model propagate.
    """
    width = len(features.columns)
    queries = _ModelQueries(model, evenly_spaced(features, rows_for(width)))
    changes = queries.one_by_one() if width <= MAX_ALONE else queries.by_groups()
    indices = {name: index for index, name in enumerate(features.columns)}
    return sorted(columns, key=lambda c: (-changes.get(indices[c.name], 0.0), indices[c.name]))


def rows_for(columns: int) -> int:
    """Number of rows to predict for a model of ``columns`` columns."""
    return min(MAX_ROWS, max(MIN_ROWS, MAX_CELLS // max(1, columns)))


def evenly_spaced(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most ``most`` rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows.iloc[np.arange(most) * len(rows) // most].reset_index(drop=True)


@dataclass(frozen=True)
class _Group:
    """Adjacent columns, from ``start`` (inclusive) to ``stop`` (exclusive)."""

    start: int
    stop: int

    def halves(self) -> tuple[_Group, _Group]:
        middle = (self.start + self.stop) // 2
        return _Group(self.start, middle), _Group(middle, self.stop)


class _ModelQueries:
    """Queries of a model with rows of which some columns are permuted."""

    def __init__(self, model: Model, rows: pd.DataFrame) -> None:
        # A copy is contiguous in memory, unlike thousands of columns read one by one.
        self._model, self._rows = model, rows.copy()
        order = np.random.default_rng(0).permutation(len(rows))
        self._moved = self._rows.take(order).set_axis(rows.index)
        self._before = model.predict(rows)

    def one_by_one(self) -> dict[int, float]:
        """Position of each column → its importance."""
        width = len(self._rows.columns)
        return {index: self._change(_Group(index, index + 1)) for index in range(width)}

    def by_groups(self) -> dict[int, float]:
        """The same, for the most important columns within ``MAX_CALLS`` predictions.

        The most important group is bisected first, down to single columns.
        """
        whole = _Group(0, len(self._rows.columns))
        changes: dict[int, float] = {}
        waiting: list[tuple[float, int, _Group]] = [(0.0, 0, whole)]
        questions = 0
        while waiting and questions + 2 <= MAX_CALLS:
            _, _, group = heapq.heappop(waiting)
            for half in group.halves():
                change = self._change(half)
                questions += 1
                if half.stop - half.start == 1:
                    changes[half.start] = change
                elif change > 0:
                    heapq.heappush(waiting, (-change, half.start, half))
            if questions % PROGRESS_SECONDS == 0:
                sys.stderr.write(
                    f"ranking features by importance: {questions} of at most "
                    f"{MAX_CALLS} predictions\n"
                )
        return changes

    def _change(self, group: _Group) -> float:
        unmoved = self._rows
        parts = [
            unmoved.iloc[:, : group.start],
            self._moved.iloc[:, group.start : group.stop],
            unmoved.iloc[:, group.stop :],
        ]
        moved = pd.concat([part for part in parts if part.shape[1]], axis=1)
        regression = self._model.task == "regression"
        return _change(self._before, self._model.predict(moved), regression)


def _change(before: Predictions, after: Predictions, regression: bool) -> float:
    if before.probabilities is not None and after.probabilities is not None:
        return _mean(np.abs(before.probabilities - after.probabilities))
    if regression:
        numbers = [
            np.array([np.nan if label is None else label for label in one.labels], dtype=float)
            for one in (before, after)
        ]
        return _mean(np.abs(numbers[0] - numbers[1]))
    parts = (numbers_within(before), numbers_within(after))
    if parts[0] is not None and parts[1] is not None and parts[0].size == parts[1].size > 0:
        return _mean(np.abs(parts[0] - parts[1]))
    return float(np.mean([a != b for a, b in zip(before.labels, after.labels, strict=True)]))


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0
