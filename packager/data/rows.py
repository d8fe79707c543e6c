"""Rows as JSON has them → the typed frame that the model was trained on, checked.

A value is taken without loss or the request is refused as a whole; a null, a category never
seen and a number out of the training range are taken, flagged and counted.
"""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from packager.data.extra import ExtraColumns
from packager.data.values import (
    RefusedError,
    builder,
    nanoseconds_per_tick,
    needs_exact_floats,
    refuse_inexact,
    shown_bound,
    taker,
)
from packager.errors import UsageError
from packager.manifest import Column, Schema

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
}
NO_ANOMALIES: Mapping[tuple[str, str], int] = MappingProxyType({})
_STRICT = "this model is strict: it refuses what it did not meet in training"
_SHORT = 80
_LOOKED_AT = 20  # unknown names compared with the known ones, so that a hostile row costs little


class RowError(UsageError):
    """A row that can't be taken; rows count from 0.

    ``column`` is None if the row as such is wrong. ``got`` is JSON of at most 80 characters.
    """

    def __init__(self, row: int, column: str | None, expected: str, got: str, hint: str) -> None:
        place = f"row {row}" if column is None else f"row {row}, column {_short(column)}"
        super().__init__(f"{place}: expected {expected}, got {got}", hint)
        self.row = row
        self.column = column
        self.expected = expected
        self.got = got


@dataclass
class Checked:
    """Rows that the model can take; not to be changed. (To be frozen would cost a microsecond.)"""

    columns: tuple[Sequence[Any], ...]
    """The features in the schema's order, then the extras: per column its ``rows`` values as
    ``taker`` gives them, None for null."""
    flags: Sequence[Sequence[str]]
    """Per row: ``carat:out_of_range``, ``color:unseen``, ``price:missing``."""
    anomalies: Mapping[tuple[str, str], int]
    """How often per (feature, kind); kinds are those of ``Anomaly``."""
    rows: int
    builders: Mapping[str, Callable[[Sequence[Any]], Any]] = field(repr=False, compare=False)
    """Column name → what makes its array, in the order of ``columns``."""
    row: Sequence[Any] | None = None
    """The values of the only row; None where there is another number of rows."""
    ignored: int = 0
    """How many columns that the model does not know were in the rows."""

    @cached_property
    def frame(self) -> pd.DataFrame:
        """``columns`` in the dtypes of training; built when first asked for."""
        arrays = {
            name: build(values)
            for (name, build), values in zip(self.builders.items(), self.columns, strict=True)
        }
        return pd.DataFrame(arrays, index=pd.RangeIndex(self.rows))


class RowChecker:
    """``check_rows`` for one schema, prepared once; keep one where many requests come."""

    def __init__(
        self, schema: Schema, *, strict: bool = False, extra: ExtraColumns = ExtraColumns()
    ) -> None:
        self._features = [Plan(column) for column in schema.features]
        self._extras = [Plan(column) for column in schema.extras]
        self._builders = {c.name: builder(c) for c in (*schema.features, *schema.extras)}
        self._required = frozenset(column.name for column in schema.features)
        self._known = self._required | {column.name for column in schema.extras}
        self._strict = strict
        self.extra = extra

    def unknown(self, names: Iterable[str]) -> set[str]:
        """Those of ``names`` that are no columns of the training data."""
        return set(names) - self._known - self.extra.passed_over

    def check(self, rows: Sequence[Mapping[str, Any]]) -> Checked:
        """``rows`` as columns; ``RowError`` for the first row that can't be taken."""
        wrong = self._wrong_keys(rows)
        errors = [] if wrong is None else [wrong]
        if wrong is not None:
            rows = rows[: wrong.row]  # what comes after the first error is of no interest
        whole = [row if isinstance(row, Mapping) else {} for row in rows]
        columns: list[Sequence[Any]] = []
        flags: list[list[str]] = [[] for _ in rows]
        anomalies: Counter[tuple[str, str]] = Counter()
        for plan in self._features:
            try:
                values = plan.take([row.get(plan.name) for row in whole])
            except RowError as error:
                errors.append(error)
                continue
            columns.append(values)
            found = list(plan.anomalies(values))
            for row, anomaly in found:
                flags[row].append(f"{plan.name}:{FLAGS[anomaly]}")
                anomalies[plan.name, anomaly] += 1
            if self._strict:
                errors += plan.refusals(found, whole)[:1]
        columns += [plan.take_any([row.get(plan.name) for row in whole]) for plan in self._extras]
        if errors:
            raise min(errors, key=lambda error: error.row)
        checked = self.checked(columns, flags, anomalies, len(rows))
        checked.ignored = len(self.unknown(name for row in rows for name in row))
        return checked

    def checked(
        self,
        columns: Iterable[Sequence[Any]],
        flags: Sequence[Sequence[str]],
        anomalies: Mapping[tuple[str, str], int],
        rows: int,
    ) -> Checked:
        """``Checked`` of values that were checked before."""
        whole = tuple(columns)
        row = [value for (value,) in whole] if rows == 1 else None
        return Checked(whole, flags, anomalies, rows, self._builders, row)

    def checked_row(
        self,
        values: Sequence[Any],
        flags: Sequence[str] = (),
        anomalies: Mapping[tuple[str, str], int] = NO_ANOMALIES,
    ) -> Checked:
        """``Checked`` of the one row of these values, which were checked before."""
        columns = tuple(zip(values))  # noqa: B905: of one
        return Checked(columns, (flags,), anomalies, 1, self._builders, values)

    def _wrong_keys(self, rows: Sequence[Mapping[str, Any]]) -> RowError | None:
        for row, cells in enumerate(rows):
            if not isinstance(cells, Mapping):
                return RowError(row, None, "an object of names and values", _short(cells), "")
            unknown = sorted(map(str, self.unknown(cells)))[:_LOOKED_AT]
            for plan in self._features:
                if plan.name not in cells:
                    hint = _similar(plan.name, unknown) or "send null where a value is unknown"
                    return RowError(row, plan.name, "a value or null", "no such key", hint)
            if unknown and self.extra.refuse:
                name = unknown[0]
                hint = _similar(name, self._known) or (
                    f"the columns are {', '.join(sorted(self._known))}"
                )
                got = _short(cells.get(name))
                return RowError(row, name, "only columns that the model knows", got, hint)
        return None


def check_rows(
    rows: Sequence[Mapping[str, Any]],
    schema: Schema,
    *,
    strict: bool = False,
    extra: ExtraColumns = ExtraColumns(),
) -> Checked:
    """The typed frame of JSON rows, with what is unusual about each.

    Raises ``RowError`` for an absent feature, an unknown column that ``extra`` refuses, or a value
    that the column can't hold exactly (``"5"`` or true for a number, 1.5 for an integer, NaN, a
    time without offset for an aware column); with ``strict`` also for what would be flagged,
    except nulls in columns that had some in training.
    """
    return RowChecker(schema, strict=strict, extra=extra).check(rows)


class Plan:
    """How the values of one column are taken and judged."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.name = column.name
        self.take_one: Callable[[Any], Any] = taker(column)
        self._exact = needs_exact_floats(column)
        self.seen = None if column.categories is None else frozenset(column.categories)
        self._scale = nanoseconds_per_tick(column) if column.kind == "datetime" else 1

    def take(self, values: Sequence[Any]) -> list[Any]:
        """JSON values as the column's, None for null; ``RowError`` for the first refused."""
        taken = []
        for row, value in enumerate(values):
            try:
                taken.append(None if value is None else self.take_one(value))
            except RefusedError as error:
                raise self._error(row, error.expected, value) from error
        if self._exact and None in taken:
            self._refuse_inexact(taken)
        return taken

    def take_any(self, values: Sequence[Any]) -> list[Any]:
        """As ``take``, with None for what the column can't hold: the model never sees it."""
        try:
            return self.take(values)
        except RowError:
            return [self._take_or_none(value) for value in values]

    def _take_or_none(self, value: Any) -> Any:
        try:
            taken = None if value is None else self.take_one(value)
            if self._exact:
                refuse_inexact([taken])
        except RefusedError:
            return None
        return taken

    def _refuse_inexact(self, values: Sequence[Any]) -> None:
        try:
            refuse_inexact(values)
        except RefusedError as error:
            largest = max((v for v in values if v is not None), key=abs)
            raise self._error(values.index(largest), error.expected, largest) from error

    def anomalies(self, values: Sequence[Any]) -> Iterator[tuple[int, Anomaly]]:
        """The rows whose value is unusual, and how."""
        for row, value in enumerate(values):
            anomaly = self.judge(value)
            if anomaly is not None:
                yield row, anomaly

    def refusals(
        self, found: Sequence[tuple[int, Anomaly]], rows: Sequence[Mapping[str, Any]]
    ) -> list[RowError]:
        """What a strict model refuses of these anomalies."""
        expected: dict[Anomaly, str] = {
            "missing": "a value, as in training",
            "unseen": "a value seen in training",
            "below_range": f"at least {self._bound(self.column.minimum)}, as in training",
            "above_range": f"at most {self._bound(self.column.maximum)}, as in training",
        }
        return [
            RowError(row, self.name, expected[anomaly], _short(rows[row].get(self.name)), _STRICT)
            for row, anomaly in found
            if not (anomaly == "missing" and self.column.nullable)
        ]

    def _bound(self, value: float | None) -> float | str | None:
        return None if value is None else shown_bound(self.column, value)

    def judge(self, value: Any) -> Anomaly | None:
        """What is unusual about a value that was taken."""
        if value is None:
            return "missing"
        if self.seen is not None:
            return None if value in self.seen else "unseen"
        low, high = self.column.minimum, self.column.maximum
        if low is None or high is None:
            return None
        number = float(value * self._scale)  # as the range was rounded, so is the value
        return "below_range" if number < low else "above_range" if number > high else None

    def _error(self, row: int, expected: str, value: Any) -> RowError:
        hint = _HINTS.get(self.column.kind, "")
        if isinstance(value, float) and not math.isfinite(value):
            hint = "send null where a value is unknown"
        return RowError(row, self.name, expected, _short(value), hint)


def _short(value: Any) -> str:
    """JSON of a value, cut to 80 characters; always encodable as UTF-8."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _similar(name: str, names: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {_short(close[0])}?" if close else None
