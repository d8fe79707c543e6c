"""Check that a compiled form predicts as the model does, on held-out rows and on edge rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from packager.data.rows.request_rows import RowChecker, RowError
from packager.digest import canonical_json, sha256_bytes
from packager.manifest.base import Scalar
from packager.manifest.manifest import Schema
from packager.model.compiled.model import CompiledModel, needs_model
from packager.model.compiled.output_difference import row_differences
from packager.model.hosted import HostEndedError, kind_of
from packager.model.model import Model
from packager.model.predictions import Predictions
from packager.worker.compile.held_out import Row, columns_of
from packager.worker.compile.probe import native

BATCH_ROWS = 5_000
MAX_SINGLE_ROWS = 2_000
"""Rows of each batch that are predicted one by one by forms that call the model's own parts."""
MAX_NAMED = 10


@dataclass
class EquivalenceResult:
    """Result of a comparison."""

    held_out: int = 0
    edges: int = 0
    largest: float = 0.0
    differing: list[str] = field(default_factory=list)
    inside: int = 0

    @property
    def equal(self) -> bool:
        """Whether no row differs and at least one held-out row was in the domain."""
        return not self.differing and self.inside > 0

    def note(self, row: Row, kind: str) -> None:
        """Record a differing row by its hash, so that its values don't enter the package."""
        if len(self.differing) < MAX_NAMED:
            self.differing.append(f"{kind} row {sha256_bytes(canonical_json(row))[:16]}")


@dataclass(frozen=True)
class EquivalenceChecker:
    """Compares a model with a compiled form of it."""

    model: Model
    schema: Schema
    compiled: CompiledModel

    def judge(self, held_out: Sequence[Row], edges: Sequence[Row]) -> EquivalenceResult:
        """Compare the predictions, in batches and one row at a time.

        Raises ``HostEndedError`` if the model ends its process.
        """
        judged = EquivalenceResult()
        for rows in _batches(held_out):
            compared = self._compare(rows, "held-out", judged)
            judged.held_out += compared
            judged.inside += compared
        for rows in _batches(edges):
            judged.edges += self._compare(rows, "edge", judged)
        return judged

    def _compare(self, rows: Sequence[Row], kind: str, judged: EquivalenceResult) -> int:
        """Compare the rows in the domain; return their number."""
        if not rows:
            return 0
        columns = columns_of(self.schema, rows)
        answers, inside = self.compiled.predict_rows(columns)
        indices = np.flatnonzero(inside).tolist()
        self._same_domain(rows, columns, np.flatnonzero(~inside).tolist(), kind, judged)
        if not indices:
            return 0
        try:
            frame = RowChecker(self.schema).check([rows[row] for row in indices]).frame
        except RowError:
            # Each row is valid, but a batch of integers and nulls may not be.
            middle = len(rows) // 2
            return sum(self._compare(half, kind, judged) for half in (rows[:middle], rows[middle:]))
        try:
            expected = native(self.model, self.schema, frame)
        except HostEndedError:
            raise
        except Exception as error:
            # Any exception on rows in the domain is a difference.
            judged.differing.append(f"{kind} rows: the model raises {kind_of(error)}")
            return len(indices)
        self._one_by_one(rows, columns, indices, expected, kind, judged)
        self._differences(rows, indices, answers.at(indices), expected, kind, judged)
        return len(indices)

    def _same_domain(
        self,
        rows: Sequence[Row],
        columns: Sequence[Sequence[Any]],
        outside: Sequence[int],
        kind: str,
        judged: EquivalenceResult,
    ) -> None:
        """Check that rows outside the domain in a batch are outside it alone, too."""
        for row in outside[:MAX_SINGLE_ROWS]:
            if self._alone([column[row] for column in columns]) is not None:
                judged.note(rows[row], kind)

    def _one_by_one(
        self,
        rows: Sequence[Row],
        columns: Sequence[Sequence[Any]],
        chosen: Sequence[int],
        expected: Predictions,
        kind: str,
        judged: EquivalenceResult,
    ) -> None:
        most = MAX_SINGLE_ROWS if needs_model(self.compiled.form) else len(chosen)
        indices: list[int] = []
        answers: list[Predictions] = []
        for index, row in enumerate(chosen[:most]):
            answer = self._alone([column[row] for column in columns])
            if answer is not None:
                indices.append(index)
                answers.append(answer)
        if not indices:
            return
        actual = _joined(answers)
        picked = [chosen[index] for index in indices]
        self._differences(rows, picked, actual, expected.at(indices), kind, judged)

    def _alone(self, values: Sequence[Any]) -> Predictions | None:
        """The answer of the form for one row; None if it is outside the domain."""
        if self.compiled.has_outputs:
            predictions, inside = self.compiled.predict_rows([[value] for value in values])
            return predictions if inside[0] else None
        answer = self.compiled.predict_row(values)
        if answer is None:
            return None
        label, chances = answer
        return Predictions([label], None if chances is None else np.array([chances], np.float64))

    def _differences(
        self,
        rows: Sequence[Row],
        chosen: Sequence[int],
        actual: Predictions,
        expected: Predictions,
        kind: str,
        judged: EquivalenceResult,
    ) -> None:
        if self.compiled.has_outputs:
            gaps = np.array(row_differences(actual, expected))
            finite = gaps[np.isfinite(gaps)]
            judged.largest = max(judged.largest, float(finite.max(initial=0.0)))
            for index in np.flatnonzero(~(gaps <= self.compiled.form.tolerance)).tolist():
                judged.note(rows[chosen[index]], kind)
            return
        regression = self.model.task == "regression"
        bad = np.array(
            [
                (one is None) != (other is None) if regression else not _same(one, other)
                for one, other in zip(actual.labels, expected.labels, strict=True)
            ]
        )
        if (actual.probabilities is None) != (expected.probabilities is None):
            bad[:] = True
        differences = _numbers(actual, expected, regression=regression)
        if differences is not None:
            judged.largest = max(judged.largest, float(np.nanmax(differences, initial=0.0)))
            bad |= ~(differences <= self.compiled.form.tolerance)
        for index in np.flatnonzero(bad).tolist():
            judged.note(rows[chosen[index]], kind)


def _joined(answers: Sequence[Predictions]) -> Predictions:
    labels = [label for answer in answers for label in answer.labels]
    chances = [answer.probabilities for answer in answers if answer.probabilities is not None]
    more = [entry for answer in answers for entry in answer.more or ()]
    return Predictions(labels, np.concatenate(chances) if chances else None, more or None)


def _same(one: Scalar | None, other: Scalar | None) -> bool:
    return type(one) is type(other) and one == other


def _numbers(actual: Predictions, expected: Predictions, *, regression: bool) -> Any:
    """The difference of each row, shape (n,); None for labels without probabilities.

    Absolute for probabilities; |a - b| / max(1, |b|) for predicted numbers.
    """
    if regression:
        one = np.array([np.nan if v is None else v for v in actual.labels], np.float64)
        other = np.array([np.nan if v is None else v for v in expected.labels], np.float64)
        return np.abs(one - other) / np.maximum(1.0, np.abs(other))
    if actual.probabilities is None or expected.probabilities is None:
        return None
    return np.abs(actual.probabilities - expected.probabilities).max(axis=1, initial=0.0)


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start : start + BATCH_ROWS]
