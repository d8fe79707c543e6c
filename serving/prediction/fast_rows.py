"""Parses bytes into validated columns if they are plainly valid; else the exact checker does.

``orjson`` parses what ``json`` parses, with the same values (both use the last of duplicate keys),
with one exception: it turns integers beyond 64 bits into floats. So for a number of 2⁶³ or more, as
for any unusual cell, ``read`` returns None and the exact checker decides. Tests show that all rows
accepted here equal the exact checker's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import orjson

from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.request_rows import RowChecker, ValidatedRows
from packager.manifest.manifest import Schema
from serving.prediction.common_row import CommonRow
from serving.prediction.converters import FastConverter, SlowPathError
from serving.prediction.typed_rows import TypedRows

MAX_ROWS_AT_ONCE = 2_000
"""Rows converted to columns in one call, before other threads can run."""


class FastRows:
    """A fast path of ``RowChecker.check``, prepared once for a schema."""

    def __init__(self, schema: Schema, checker: RowChecker, *, strict: bool = False) -> None:
        features = [FastConverter(column, judged=True) for column in schema.features]
        extras = [FastConverter(column, judged=False) for column in schema.extras]
        self._checker = checker
        self._strict = strict
        self._columns = len(features) + len(extras)
        # A row holds every column, or only the features: the number of keys tells which.
        forms = (features, [*features, *extras])
        self._forms = {len(takers): takers for takers in forms}
        self._known = frozenset(taken.name for taken in (*features, *extras))
        self._extras = frozenset(taken.name for taken in extras)
        self._cells = {len(takers): _cells([t.name for t in takers]) for takers in forms}
        self._usual = {len(takers): CommonRow([t.plan for t in takers]) for takers in forms}
        self._typed = TypedRows.of(features, len(extras), checker)

    def read(self, body: bytes, *, heavy: bool = False) -> ValidatedRows | None:
        """The rows of a ``/predict`` request; None if the exact checker has to decide.

        ``heavy``: parsing holds the GIL for tens of milliseconds; only arrays, lists and bytes are
        worth it, which take ten times as long otherwise.
        """
        if heavy and (self._typed is None or not self._typed.reads_large):
            return None
        if self._typed is not None:
            checked = self._typed.read(body)
            if checked is not None and not (self._strict and checked.anomalies):
                return checked
        if heavy:
            return None
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if type(document) is not dict or len(document) != 1:
            return None
        return self.check(document.get("rows"))

    def check(self, rows: Any) -> ValidatedRows | None:
        """Rows parsed by ``orjson`` or ``json``; None if the exact checker has to decide."""
        if type(rows) is not list or not rows or type(rows[0]) is not dict:
            return None
        width = len(rows[0])
        if width in self._forms and (len(rows) == 1 or _alike(rows, width)):
            checked = self._known_columns(rows, width)
            if checked is not None:
                return checked
        return self._without_unknown(rows)

    def _without_unknown(self, rows: Sequence[dict[str, Any]]) -> ValidatedRows | None:
        """Rows that all have the same unknown columns, if these are ignored."""
        names = rows[0].keys()
        if self._checker.extra.refuse or names <= self._known:
            return None
        if not all(type(row) is dict and row.keys() == names for row in rows):
            return None
        held = self._extras & names
        if held and held != self._extras:
            return None
        checked = self._known_columns(
            rows, self._columns if held else self._columns - len(self._extras)
        )
        if checked is not None:
            checked.ignored = len(self._checker.unknown(names))
        return checked

    def _known_columns(self, rows: Sequence[dict[str, Any]], width: int) -> ValidatedRows | None:
        """Rows with ``width`` known columns: the features, with or without extras."""
        takers, cells = self._forms[width], self._cells[width]
        try:
            if len(rows) == 1:
                row = cells(rows[0])
                usual = self._usual[width].values(row)
                checked = self._one(takers, row) if usual is None else self._unflagged(usual)
            else:
                checked = self._many(takers, _turned(rows, cells))
        except (KeyError, SlowPathError, ConversionError):
            return None
        return None if self._strict and checked.anomalies else checked

    def _unflagged(self, values: list[Any]) -> ValidatedRows:
        if len(values) < self._columns:
            values += (None,) * (self._columns - len(values))
        return self._checker.checked_row(values)

    def _one(self, takers: Sequence[FastConverter], cells: Sequence[Any]) -> ValidatedRows:
        values: list[Any] = []
        flags: list[str] = []
        anomalies: dict[tuple[str, str], int] = {}
        for taken, cell in zip(takers, cells, strict=True):
            value, anomaly = taken.one(cell)
            values.append(value)
            if anomaly is not None and taken.judged:
                flags.append(taken.plan.flags[anomaly])
                anomalies[taken.name, anomaly] = 1
        values += (None,) * (self._columns - len(values))
        return self._checker.checked_row(values, flags, anomalies)

    def _many(
        self, takers: Sequence[FastConverter], cells_of_columns: Sequence[Sequence[Any]]
    ) -> ValidatedRows:
        rows = len(cells_of_columns[0])
        columns: list[Sequence[Any]] = []
        flags: list[list[str]] = [[] for _ in range(rows)]
        anomalies: Counter[tuple[str, str]] = Counter()
        for taken, cells in zip(takers, cells_of_columns, strict=True):
            values = taken.many(cells)
            if values is not None:
                columns.append(values)
                continue
            judged = list(map(taken.one, cells))
            columns.append([value for value, _ in judged])
            if taken.judged:
                for row, (_, anomaly) in enumerate(judged):
                    if anomaly is not None:
                        flags[row].append(taken.plan.flags[anomaly])
                        anomalies[taken.name, anomaly] += 1
        columns += [(None,) * rows] * (self._columns - len(columns))
        return self._checker.checked(columns, flags, anomalies, rows)


def _alike(rows: Sequence[Any], width: int) -> bool:
    return set(map(type, rows)) == {dict} and set(map(len, rows)) == {width}


def _turned(
    rows: Sequence[dict[str, Any]], cells: Callable[[dict[str, Any]], Sequence[Any]]
) -> Sequence[Sequence[Any]]:
    """The columns of ``rows``, converted in parts so that other threads can run between them."""
    if len(rows) <= MAX_ROWS_AT_ONCE:
        return list(zip(*map(cells, rows), strict=True))
    columns: list[list[Any]] = []
    for start in range(0, len(rows), MAX_ROWS_AT_ONCE):
        parts = list(zip(*map(cells, rows[start : start + MAX_ROWS_AT_ONCE]), strict=True))
        columns = columns or [[] for _ in parts]
        for column, part in zip(columns, parts, strict=True):
            column.extend(part)
    return columns


def _cells(names: Sequence[str]) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """A function for a row's cells in the order of ``names``; it raises ``KeyError``."""
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)
