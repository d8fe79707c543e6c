"""Calls the project's own model, and distinguishes bad rows from a broken model.

If a model raises on some rows and answers others, the client sent values that it can't take: the
error names the row. If it raises on a row that it has answered before, it is broken: an error of
the server.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from packager.data.rows.coerce import format_bound
from packager.data.rows.column_converter import ColumnConverter
from packager.data.rows.request_rows import RowChecker, RowError, ValidatedRows
from packager.manifest.manifest import Column, RejectedValue, Schema
from packager.model.failing_rows import PartError, predict_in_parts
from packager.model.model import LoadedModel, Predictions
from serving.http.logs import describe_exception

HEALTHY_SECONDS = 1.0
"""How long a model counts as working after it has answered its known row."""
KINDS: dict[str, RejectedValue] = {
    "missing": "null",
    "unseen": "unseen",
    "below_range": "extreme",
    "above_range": "extreme",
}
NEUTRAL_VALUES: dict[str, Any] = {
    "string": "a",
    "number": 0.0,
    "integer": 0,
    "boolean": False,
    "datetime": "2000-01-01T00:00:00",
}


class ModelError(Exception):
    """The model raised, or returned an invalid answer; the cause has the details."""


class RowRefusedError(Exception):
    """The model raised on a row, or on a few rows together, and answers others.

    The error holds neither the row nor the model's exception, whose message may quote it.
    """

    def __init__(self, rows: range, said: Sequence[str]) -> None:
        super().__init__(f"the model raised on row {rows.start}")
        self.row = rows.start
        self.rows = len(rows)
        self.said = said
        """The model's exception by type and location, without its message."""
        self.column: str | None = None
        self.expected: str | None = None
        self.got: str | None = None

    def at(self, places: Sequence[int]) -> RowRefusedError:
        """The error with row numbers of the request; ``places`` are those of the predicted rows."""
        self.row = places[self.row]
        return self


def neutral_row(columns: Sequence[Column]) -> dict[str, Any]:
    """A made-up row, for a model that has answered no row yet."""
    return {column.name: _plain_value(column) for column in columns}


def _plain_value(column: Column) -> Any:
    """A value from training, or a default of the column's kind."""
    if column.categories:
        return column.categories[0]
    if column.minimum is not None and column.kind in NEUTRAL_VALUES:
        bound = format_bound(column, column.minimum)
        return int(bound) if column.kind == "integer" else bound
    return NEUTRAL_VALUES.get(column.kind, 0)


class NativeModel:
    """The model of a package; not thread-safe."""

    def __init__(
        self, model: LoadedModel, schema: Schema, checker: RowChecker, known: ValidatedRows | None
    ) -> None:
        """``known``: rows that the model answered when it was built; None if there are none.

        Then the first row that it answers becomes the known row, or a made-up one.
        """
        self._model = model
        self._features = [column.name for column in schema.features]
        self._plans = [ColumnConverter(column) for column in schema.features]
        self._checker = checker
        self._known = None if known is None else self.part(known, range(1))
        self._sound_until = 0.0

    def ask(self, checked: ValidatedRows) -> Predictions:
        """The predictions for all rows at once; raises ``ModelError``."""
        try:
            return self._model.predict(checked.frame[self._features])
        except (Exception, SystemExit) as error:  # a model that exits must not end the server
            raise ModelError(f"the model failed on {checked.rows} rows") from error

    def predict(self, checked: ValidatedRows) -> Predictions:
        """The predictions; if the model raises on all rows, it is called on parts of them.

        Raises ``RowRefusedError`` for the first row that it can't take, ``ModelError`` if it is
        broken.
        """
        try:
            return predict_in_parts(lambda rows: self._answered(checked, rows), checked.rows)
        except PartError as error:
            failure = error.__cause__
            if not self._is_sound():
                assert isinstance(failure, ModelError)
                raise failure from failure.__cause__
            raise self._refused(checked, error) from None

    def _answered(self, checked: ValidatedRows, rows: range) -> Predictions:
        """The predictions for some rows; the first row ever answered becomes the known row."""
        part = self.part(checked, rows)
        found = self.ask(part)
        if self._known is None:
            self._known = self.part(part, range(1))
        return found

    def part(self, checked: ValidatedRows, rows: Sequence[int]) -> ValidatedRows:
        """Some of the rows, as a request of their own."""
        if len(rows) == checked.rows:
            return checked
        columns = [[column[row] for row in rows] for column in checked.columns]
        return self._checker.checked(columns, (), {}, len(rows))

    def _is_sound(self) -> bool:
        """Whether the model still answers its known row."""
        if time.monotonic() < self._sound_until:
            return True
        try:
            known = self._known if self._known is not None else self._plain()
            self.ask(known)
        except (ModelError, RowError):
            return False
        self._known = known
        self._sound_until = time.monotonic() + HEALTHY_SECONDS
        return True

    def _plain(self) -> ValidatedRows:
        """A made-up row; raises ``RowError`` if the server would refuse it."""
        return self._checker.check([neutral_row([plan.column for plan in self._plans])])

    def _refused(self, checked: ValidatedRows, error: PartError) -> RowRefusedError:
        cause = error.__cause__.__cause__ if error.__cause__ else None
        refused = RowRefusedError(error.rows, () if cause is None else describe_exception(cause))
        if len(error.rows) == 1:
            row = error.rows.start
            self._name_column(refused, [column[row] for column in checked.columns])
        return refused

    def _name_column(self, refused: RowRefusedError, row: Sequence[Any]) -> None:
        """Name the column if the build found that the model can't take such a value."""
        cells = list(zip(self._plans, row, strict=False))
        anomalies = {plan.name: plan.judge(value) for plan, value in cells}
        odd = [
            (plan, value)
            for plan, value in cells
            if KINDS.get(anomalies[plan.name] or "") in plan.column.refuses
        ]
        # For free text and codes, values of training are unknown: a single such column is blamed.
        open_ended = [
            (plan, value)
            for plan, value in cells
            if "unseen" in plan.column.refuses and plan.seen is None and value is not None
        ]
        if odd or len(open_ended) == 1:
            plan, value = (odd or open_ended)[0]
            refused.column, refused.got = plan.name, plan.shown(value)
            refused.expected = plan.expected(anomalies[plan.name])
