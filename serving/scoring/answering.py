"""Predicts checked blocks: by the compiled form, and by the model's process outside its domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelhost.columns import ColumnSpec
from modelhost.failing_rows import PartError, predict_in_parts
from modelhost.predictions import Predictions
from packager.errors import PackageError
from packager.manifest.manifest import Schema
from packager.model.compiled.model import CompiledModel
from packager.model.hosted import HostEndedError
from packager.model.hosted_model import HostedModel
from packager.model.row_blocks import BadRows, Indices
from serving.prediction.outcome import PartialPrediction
from serving.scoring.checked_block import CheckedBlock


class FailingRowsError(Exception):
    """The model raised its ``__cause__`` on these rows of a block."""

    def __init__(self, rows: Indices, rest: Indices) -> None:
        """``rest``: these and all later rows that the model is to answer."""
        super().__init__(f"the model raised on {len(rows)} rows")
        self.rows = rows
        self.rest = rest


@dataclass(frozen=True)
class AnsweredBlock:
    """Predictions for some rows of a block."""

    predictions: Predictions
    rows: Indices
    """Their positions in the block."""
    rejected: Sequence[tuple[int, str]]
    """The other positions, and the model's errors."""
    compiled: int
    """Number of rows that the compiled form answered."""


class BlockPredictor:
    """Predicts blocks of one package."""

    def __init__(self, schema: Schema, model: HostedModel, compiled: CompiledModel | None) -> None:
        self._specs = [ColumnSpec.of(column) for column in schema.features]
        self._model = model.untraced()
        self._traced = model
        self._compiled = compiled

    def predict(self, block: CheckedBlock, bad: BadRows) -> AnsweredBlock:
        """The answers; with ``bad="fail"`` raises ``FailingRowsError`` for the first without one.

        Raises ``HostEndedError`` if the model's process ends, or a member of a solution.
        """
        rows = np.arange(block.rows)
        rejected: dict[int, str] = {}
        while True:
            part = block.at(rows)
            try:
                outcome = self._outcome(part)
            except FailingRowsError as error:
                if bad == "fail":
                    raise
                known = self._failing(block, rows[error.rows], rows[error.rest])
                rejected |= known
                rows = rows[~np.isin(rows, list(known))]
                continue
            chances = _array(outcome.probabilities)
            predictions = Predictions(outcome.labels, chances, outcome.more, outcome.absent)
            compiled = part.rows - outcome.native
            return AnsweredBlock(predictions, rows, sorted(rejected.items()), compiled)

    def error_on(self, block: CheckedBlock, rows: Indices) -> PackageError:
        """The model's error on these rows, with its traceback on stderr.

        Raises ``HostEndedError`` if its process, or a member of a solution, ends now.
        """
        try:
            self._predict(self._traced, block.at(rows))
        except HostEndedError:
            raise
        except PackageError as error:
            return error
        return PackageError("the model raised, and answered when it was asked again")

    def _outcome(self, block: CheckedBlock) -> PartialPrediction:
        outcome = self._by_form(block)
        if not outcome.outside:
            return outcome
        outside = np.array(outcome.outside, np.int64)
        try:
            return outcome.completed(self._by_model(block.at(outside)))
        except FailingRowsError as error:
            rows, rest = outside[error.rows], outside[error.rest]
            raise FailingRowsError(rows, rest) from error.__cause__

    def _by_form(self, block: CheckedBlock) -> PartialPrediction:
        """Predictions of the compiled form, and the rows outside its domain."""
        nothing = PartialPrediction([None] * block.rows, None, range(block.rows))
        seen = np.flatnonzero(block.seen)
        form = self._compiled
        if form is None or not block.rows:
            return nothing
        if block.arrays is None:
            return self._formed(form, block)
        if len(seen) == block.rows:
            return self._formed(form, block)
        # Unseen texts have no code: few rows, by their texts.
        if not len(seen):
            return self._formed(form, block, coded=False)
        return _merged(
            block.rows,
            (seen, self._formed(form, block.at(seen))),
            (rest := np.flatnonzero(~block.seen), self._formed(form, block.at(rest), coded=False)),
        )

    def _formed(
        self, form: CompiledModel, block: CheckedBlock, *, coded: bool = True
    ) -> PartialPrediction:
        features = block.columns[: len(self._specs)]
        try:
            predictions, inside = form.predict_rows(features, block.arrays if coded else None)
        except PackageError:  # a part of the model raised: the model says why
            return PartialPrediction([None] * block.rows, None, range(block.rows))
        outside = () if inside.all() else np.flatnonzero(~inside).tolist()
        return PartialPrediction(
            predictions.labels, predictions.probabilities, outside, more=predictions.more
        )

    def _by_model(self, block: CheckedBlock) -> Predictions:
        def ask(rows: range) -> Predictions:
            return self._predict(self._model, block.at(np.arange(rows.start, rows.stop)))

        try:
            return predict_in_parts(ask, block.rows, (HostEndedError,))
        except PartError as error:
            rest = np.arange(error.rows.start, block.rows)
            raise FailingRowsError(rest[: len(error.rows)], rest) from error.__cause__

    def _failing(self, block: CheckedBlock, rows: Indices, rest: Indices) -> dict[int, str]:
        """The rows among ``rest`` that the model raises on alone, by halves, and its errors.

        Without one, ``rows``, on which it raised.
        """
        errors: dict[int, str] = {}
        parts = [rest]
        while parts:
            part = parts.pop()
            try:
                self._predict(self._model, block.at(part))
            except HostEndedError:
                raise
            except PackageError as error:
                if len(part) > 1:
                    parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                else:
                    errors[int(part[0])] = error.message
        return errors or dict.fromkeys(rows.tolist(), "the model raised on these rows together")

    def _predict(self, model: HostedModel, block: CheckedBlock) -> Predictions:
        described, buffers = block.described(self._specs)
        return model.predict_described(described, buffers, self._specs, block.rows)


def _array(chances: Any) -> Any:
    return None if chances is None else np.asarray(chances, np.float64)


def _merged(rows: int, *parts: tuple[Indices, PartialPrediction]) -> PartialPrediction:
    """The predictions of parts of a block, in the order of its rows."""
    labels: list[Any] = [None] * rows
    more: list[Any] | None = None
    chances = next((p.probabilities for _, p in parts if p.probabilities is not None), None)
    array = None if chances is None else np.zeros((rows, np.asarray(chances).shape[1]))
    outside: list[int] = []
    for indices, part in parts:
        own = indices.tolist()
        for index, label in zip(own, part.labels, strict=True):
            labels[index] = label
        if part.more is not None:
            more = more or [{} for _ in range(rows)]
            for index, entry in zip(own, part.more, strict=True):
                more[index] = entry
        if array is not None and part.probabilities is not None:
            array[indices] = part.probabilities
        outside += [own[row] for row in part.outside]
    return PartialPrediction(labels, array, sorted(outside), more=more)
