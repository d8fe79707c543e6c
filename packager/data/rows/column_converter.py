"""Convert the JSON values of one column, compare them with training, or refuse them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from monitoring.calendar_values import number_of
from packager.data.rows.calendar_values import CONVERTERS
from packager.data.rows.coerce import (
    format_bound,
    make_converter,
    nanoseconds_per_tick,
    needs_exact_floats,
    refuse_inexact,
)
from packager.data.rows.conversion_error import ConversionError
from packager.errors import UsageError
from packager.manifest.manifest import Column
from packager.text import beginning

Anomaly = Literal["missing", "unseen", "below_range", "above_range"]

FLAGS: dict[Anomaly, str] = {
    "missing": "missing",
    "unseen": "unseen",
    "below_range": "out_of_range",
    "above_range": "out_of_range",
}
_HINTS = {
    "number": "send a JSON number, without quotes",
    "integer": "send a whole JSON number, without quotes",
    "boolean": "send true or false, without quotes",
    "string": "send text in quotes",
    "bytes": "send the file's bytes in base64",
    "array": "send nested lists of the shape in training, or a tensor of protocol V2",
    "list": "send a JSON list",
    "date": 'send text, like "2024-01-31"',
    "time": 'send text, like "10:30:00"',
    "decimal": 'send text, which is not rounded, like "12.30"',
}
_BARRED = "the model can't take this value: fill it in before it is sent"
_STRICT = "this model is strict: it rejects values that are absent from training"
_SHORT = 80


class RowError(UsageError):
    """A row that is refused; rows count from 0.

    ``column`` is None if the row itself is invalid. ``got`` is JSON of at most 80 characters.
    """

    def __init__(self, row: int, column: str | None, expected: str, got: str, hint: str) -> None:
        location = f"row {row}" if column is None else f"row {row}, column {short(column)}"
        super().__init__(f"{location}: expected {expected}, got {got}", hint)
        self.row = row
        self.column = column
        self.expected = expected
        self.got = got

    def at(self, row: int) -> RowError:
        """The same error of the row with another number."""
        return RowError(row, self.column, self.expected, self.got, self.hint or "")


class ColumnConverter:
    """Converts the values of one column and detects anomalies."""

    def __init__(self, column: Column, *, strict: bool = False) -> None:
        self.column = column
        self.name = column.name
        self.default = column.default
        """The JSON value of a row that leaves the column out; None if a row must have it."""
        self.take_one: Callable[[Any], Any] = make_converter(column)
        self._exact = needs_exact_floats(column)
        self.seen = None if column.categories is None else frozenset(column.categories)
        self._scale = nanoseconds_per_tick(column) if column.kind == "datetime" else 1
        self._barred = _barred_anomalies(column)
        self.flags = {kind: f"{column.name}:{flag}" for kind, flag in FLAGS.items()}
        """Anomaly → text of its flag, shared by all rows."""
        self._no_empty = "empty" in column.refuses
        self.bars = bool(self._barred) or self._no_empty
        """Whether there are values that are refused because the model can't take them."""
        self.takes_null = "missing" not in self._barred and (column.nullable or not strict)

    def take(self, values: Sequence[Any]) -> list[Any]:
        """JSON values in the column's type, None for null; ``RowError`` if one is invalid."""
        taken = []
        for row, value in enumerate(values):
            try:
                taken.append(None if value is None else self.take_one(value))
            except ConversionError as error:
                raise self._error(row, error.expected, value) from error
        if self._exact and None in taken:
            self._refuse_inexact(taken)
        return taken

    def take_any(self, values: Sequence[Any]) -> list[Any]:
        """Like ``take``, with None for invalid values: for columns that the model doesn't get."""
        try:
            return self.take(values)
        except RowError:
            return [self._take_or_none(value) for value in values]

    def _take_or_none(self, value: Any) -> Any:
        try:
            taken = None if value is None else self.take_one(value)
            if self._exact:
                refuse_inexact([taken])
        except ConversionError:
            return None
        return taken

    def _refuse_inexact(self, values: Sequence[Any]) -> None:
        try:
            refuse_inexact(values)
        except ConversionError as error:
            largest = max((v for v in values if v is not None), key=abs)
            raise self._error(values.index(largest), error.expected, largest) from error

    def anomalies(self, values: Sequence[Any]) -> Iterator[tuple[int, Anomaly]]:
        """The rows with an anomalous value, and the anomaly."""
        for row, value in enumerate(values):
            anomaly = self.judge(value)
            if anomaly is not None:
                yield row, anomaly

    def is_barred(self, value: Any, anomaly: Anomaly | None) -> bool:
        """Whether the model can't take a value, as determined by the build."""
        return anomaly in self._barred or (self._no_empty and _is_empty(value))

    def barred(self, values: Sequence[Any]) -> list[RowError]:
        """The error of the first value that the model can't take; empty if there is none."""
        if not self.bars:
            return []
        for row, value in enumerate(values):
            anomaly = self.judge(value)
            if self.is_barred(value, anomaly):
                what = "text" if isinstance(value, str) else "a value"
                empty = f"{what} that is not empty"
                expected = empty if _is_empty(value) else self.expected(anomaly)
                return [RowError(row, self.name, expected, self.shown(value), _BARRED)]
        return []

    def expected(self, anomaly: Anomaly | None) -> str:
        """Description of the values without this anomaly."""
        return {
            "missing": "a value, not null",
            "unseen": "a value seen in training",
            "below_range": f"at least {self._bound(self.column.minimum)}, as in training",
            "above_range": f"at most {self._bound(self.column.maximum)}, as in training",
            None: "a value like those of training",
        }[anomaly]

    def shown(self, value: Any) -> str:
        """A converted value as JSON; times, which are ticks, in ISO 8601."""
        if self.column.kind in CONVERTERS and value is not None:
            return short(str(value))
        if self.column.kind == "datetime" and value is not None:
            return short(format_bound(self.column, value * self._scale))
        return short(value)

    def refusals(
        self, anomalies: Sequence[tuple[int, Anomaly]], rows: Sequence[Mapping[str, Any]]
    ) -> Iterator[RowError]:
        """The errors of the anomalies that a strict model refuses.

        A date, with or without a time, beyond the training range is accepted: the model is served
        later than it was trained.
        """
        if self.column.kind in ("datetime", "date"):
            anomalies = [(row, anomaly) for row, anomaly in anomalies if anomaly == "missing"]
        for row, anomaly in anomalies:
            if not (anomaly == "missing" and self.column.nullable):
                got = short(rows[row].get(self.name))
                yield RowError(row, self.name, self.expected(anomaly), got, _STRICT)

    @property
    def where_unknown(self) -> str:
        """The hint on what to send for an unknown value."""
        if self.takes_null:
            return "send null where a value is unknown"
        return "null is refused, too: fill the value in before it is sent"

    def _bound(self, value: float | None) -> float | str | None:
        return None if value is None else format_bound(self.column, value)

    def judge(self, value: Any) -> Anomaly | None:
        """The anomaly of a converted value; None if there is none."""
        if value is None:
            return "missing"
        if self.seen is not None:
            return None if value in self.seen else "unseen"
        low, high = self.column.minimum, self.column.maximum
        if low is None or high is None:
            return None
        if isinstance(value, np.ndarray):
            return _anomaly_of_array(value, low, high)
        if self.column.kind in CONVERTERS:
            value = number_of(value)
        number = float(value * self._scale)  # rounded in the same way as the range
        return "below_range" if number < low else "above_range" if number > high else None

    def _error(self, row: int, expected: str, value: Any) -> RowError:
        hint = _HINTS.get(self.column.kind, "")
        if isinstance(value, float) and not math.isfinite(value):
            hint = self.where_unknown
        return RowError(row, self.name, expected, short(value), hint)


def _barred_anomalies(column: Column) -> frozenset[Anomaly]:
    """The anomalies that are refused without calling the model.

    Null is a single value, so the build's result holds for it. Of other anomalies the model may
    take some values and not others: it is called, unless one ended its process in the build.
    """
    barred: set[Anomaly] = {"missing"} if "null" in column.refuses else set()
    if "unseen" in column.fatal:
        barred.add("unseen")
    if "extreme" in column.fatal:
        barred |= {"below_range", "above_range"}
    return frozenset(barred)


def _anomaly_of_array(value: Any, low: float, high: float) -> Anomaly | None:
    """By the smallest and the largest element; NaN is ignored."""
    if np.fmin.reduce(value, axis=None) < low:
        return "below_range"
    return "above_range" if np.fmax.reduce(value, axis=None) > high else None


def _is_empty(value: Any) -> bool:
    return isinstance(value, str | bytes | list) and not value


def short(value: Any) -> str:
    """JSON of a value, cut to 80 characters; always encodable as UTF-8."""
    if isinstance(value, np.ndarray):
        value = f"{'x'.join(map(str, value.shape))} {value.dtype} values"
    elif isinstance(value, bytes):
        value = f"{len(value)} bytes"
    text = json.dumps(beginning(value), ensure_ascii=False, default=repr)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
