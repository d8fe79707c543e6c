"""Bytes → checked columns, for requests that are plainly valid; the exact checker has the rest.

``orjson`` reads what ``json`` reads, with the same values (the last of duplicate keys counts in
both), but for one thing: integers beyond 64 bits become floats. So a number of 2⁶³ or more, like
everything that isn't plain, makes ``read`` answer None, and the exact checker decides: what is
taken here equals what it would have taken, by test.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson

from packager.data.rows import FLAGS, Anomaly, Checked, Plan, RowChecker
from packager.data.values import RefusedError
from packager.manifest import Column, Schema

EXACT = 2**53
"""Integers up to here are exact as floats."""
READ_EXACTLY = 2.0**63
"""Floats below it were floats in the request."""
CATEGORIES: Mapping[str, type] = {"string": str, "boolean": bool}
"""Kinds of column whose known values are taken as they come, and their type in JSON."""

Judged = tuple[Any, Anomaly | None]
One = Callable[[Any], Judged]
Many = Callable[[Sequence[Any]], Sequence[Any] | None]


class NotPlainError(Exception):
    """A value that the exact checker has to judge."""


class FastRows:
    """The fast way to ``RowChecker.check``, prepared once for a schema."""

    def __init__(self, schema: Schema, checker: RowChecker, *, strict: bool = False) -> None:
        features = [_Taker(column, judged=True) for column in schema.features]
        extras = [_Taker(column, judged=False) for column in schema.extras]
        self._checker = checker
        self._strict = strict
        self._columns = len(features) + len(extras)
        # A row holds every column, or the features alone: told apart by how many keys it has.
        forms = (features, [*features, *extras])
        self._forms = {len(takers): takers for takers in forms}
        self._cells = {len(takers): _cells([t.name for t in takers]) for takers in forms}
        self._usual = {len(takers): _Usual([t.plan for t in takers]) for takers in forms}

    def read(self, body: bytes) -> Checked | None:
        """The rows of a ``/predict`` request; None where the exact checker has to look."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if type(document) is not dict or len(document) != 1:
            return None
        return self.check(document.get("rows"))

    def check(self, rows: Any) -> Checked | None:
        """Rows as ``orjson`` or ``json`` read them; None where the exact checker has to look."""
        if type(rows) is not list or not rows or type(rows[0]) is not dict:
            return None
        width = len(rows[0])
        takers = self._forms.get(width)
        if takers is None:
            return None
        cells = self._cells[width]
        try:
            if len(rows) == 1:
                row = cells(rows[0])
                usual = self._usual[width].values(row)
                checked = self._one(takers, row) if usual is None else self._unflagged(usual)
            elif set(map(type, rows)) == {dict} and set(map(len, rows)) == {width}:
                checked = self._many(takers, list(zip(*map(cells, rows), strict=True)))
            else:
                return None
        except (KeyError, NotPlainError, RefusedError):
            return None
        return None if self._strict and checked.anomalies else checked

    def _unflagged(self, values: Sequence[Any]) -> Checked:
        columns: list[Sequence[Any]] = [(value,) for value in values]
        if len(columns) < self._columns:
            columns += [(None,)] * (self._columns - len(columns))
        return self._checker.checked(columns, ((),), {}, 1)

    def _one(self, takers: Sequence[_Taker], cells: Sequence[Any]) -> Checked:
        columns: list[Sequence[Any]] = []
        flags: list[str] = []
        anomalies: dict[tuple[str, str], int] = {}
        for taken, cell in zip(takers, cells, strict=True):
            value, anomaly = taken.one(cell)
            columns.append((value,))
            if anomaly is not None and taken.judged:
                flags.append(f"{taken.name}:{FLAGS[anomaly]}")
                anomalies[taken.name, anomaly] = 1
        if len(columns) < self._columns:
            columns += [(None,)] * (self._columns - len(columns))
        return self._checker.checked(columns, (flags,), anomalies, 1)

    def _many(self, takers: Sequence[_Taker], given: Sequence[Sequence[Any]]) -> Checked:
        rows = len(given[0])
        columns: list[Sequence[Any]] = []
        flags: list[list[str]] = [[] for _ in range(rows)]
        anomalies: Counter[tuple[str, str]] = Counter()
        for taken, cells in zip(takers, given, strict=True):
            values = taken.many(cells)
            if values is not None:
                columns.append(values)
                continue
            judged = list(map(taken.one, cells))
            columns.append([value for value, _ in judged])
            if taken.judged:
                for row, (_, anomaly) in enumerate(judged):
                    if anomaly is not None:
                        flags[row].append(f"{taken.name}:{FLAGS[anomaly]}")
                        anomalies[taken.name, anomaly] += 1
        columns += [(None,) * rows] * (self._columns - len(columns))
        return self._checker.checked(columns, flags, anomalies, rows)


class _Taker:
    """How the cells of one column are taken and judged."""

    def __init__(self, column: Column, *, judged: bool) -> None:
        plan = self.plan = Plan(column)
        self.name = column.name
        self.judged = judged
        self.one: One = _one(column, plan)
        """A cell's value and what is unusual about it; it raises for what isn't plain."""
        self.many: Many = _many(plan)
        """All cells' values; None where they aren't alike or anything is unusual about one."""


class _Usual:
    """One row whose cells are all as usual: in range, seen, and of the column's own type.

    Loops without a call in them take a third of the time of a function for each cell.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._floats: list[tuple[int, float, float]] = []
        self._integers: list[tuple[int, float, float]] = []
        self._categories: list[tuple[int, type, frozenset[Any]]] = []
        self._known = True
        for place, plan in enumerate(plans):
            if _is_float64(plan):
                self._floats.append((place, *_range(plan)))
            elif _is_integer(plan):
                self._integers.append((place, *_range(plan)))
            elif plan.column.kind in CATEGORIES and plan.seen is not None:
                self._categories.append((place, CATEGORIES[plan.column.kind], plan.seen))
            else:
                self._known = False

    def values(self, cells: Sequence[Any]) -> Sequence[Any] | None:
        """The cells as values; None where one is unusual, or its column of a rarer kind."""
        if not self._known:
            return None
        for place, kind, seen in self._categories:
            cell = cells[place]
            if type(cell) is not kind or cell not in seen:
                return None
        for place, low, high in self._integers:
            cell = cells[place]
            if type(cell) is not int or not low <= cell <= high:
                return None
        values = list(cells)
        for place, low, high in self._floats:
            cell = cells[place]
            if type(cell) is int and -EXACT <= cell <= EXACT:
                values[place] = cell = float(cell)
            if type(cell) is not float or not low <= cell <= high:
                return None
        return values


def _cells(names: Sequence[str]) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """A row's cells in the order of ``names``; it raises ``KeyError`` where one is absent."""
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _one(column: Column, plan: Plan) -> One:
    if _is_float64(plan):
        return _one_number(plan)
    if column.kind == "string" and plan.seen is not None:
        return _one_category(plan.seen)
    if column.kind == "integer" and plan.seen is None:
        return _one_integer(plan)

    def one(cell: Any) -> Judged:
        if cell is None:
            return None, "missing"
        if type(cell) is float and not -READ_EXACTLY < cell < READ_EXACTLY:
            raise NotPlainError
        value = plan.take_one(cell)
        return value, plan.judge(value)

    return one


def _one_number(plan: Plan) -> One:
    low, high = _range(plan)

    def one(cell: Any) -> Judged:
        kind = type(cell)
        if kind is int and -EXACT <= cell <= EXACT:
            cell = float(cell)
        elif kind is not float:
            if cell is None:
                return None, "missing"
            raise NotPlainError
        if low <= cell <= high:
            return cell, None
        if not -READ_EXACTLY < cell < READ_EXACTLY:
            raise NotPlainError
        return cell, "below_range" if cell < low else "above_range"

    return one


def _one_integer(plan: Plan) -> One:
    low, high = _range(plan)

    def one(cell: Any) -> Judged:
        if type(cell) is int and low <= cell <= high and -EXACT <= cell <= EXACT:
            return plan.take_one(cell), None
        if cell is None:
            return None, "missing"
        # Beyond, whether it can be taken depends on nulls in other rows.
        if type(cell) not in (int, float) or not -EXACT <= cell <= EXACT:
            raise NotPlainError
        value = plan.take_one(cell)
        return value, plan.judge(value)

    return one


def _one_category(seen: frozenset[Any]) -> One:
    def one(cell: Any) -> Judged:
        if type(cell) is not str:
            if cell is None:
                return None, "missing"
            raise NotPlainError
        # What json reads may hold lone surrogates; no known category does.
        if cell in seen:
            return cell, None
        if not cell.isascii():
            _refuse_surrogates(cell)
        return cell, "unseen"

    return one


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotPlainError from error


def _many(plan: Plan) -> Many:
    low, high = _range(plan)
    kind, seen = plan.column.kind, plan.seen
    if _is_float64(plan):
        return lambda cells: _many_numbers(cells, low, high)
    if _is_integer(plan):
        return lambda cells: (
            cells if _only(int, cells) and low <= min(cells) and max(cells) <= high else None
        )
    if kind == "string" and seen is not None:
        return lambda cells: cells if _all_in(seen, cells) else None
    if kind == "boolean" and seen is not None:
        return lambda cells: cells if _only(bool, cells) and seen.issuperset(cells) else None
    return lambda _: None


def _many_numbers(cells: Sequence[Any], low: float, high: float) -> Sequence[Any] | None:
    kinds = set(map(type, cells))
    if not kinds <= {int, float}:
        return None
    least, most = min(cells), max(cells)
    if not (low <= least and most <= high) or math.isnan(sum(cells)):
        return None  # the sum, because min and max may pass a NaN by
    if kinds == {float}:
        return cells
    return list(map(float, cells)) if least >= -EXACT and most <= EXACT else None


def _all_in(texts: frozenset[Any], cells: Sequence[Any]) -> bool:
    """What equals a text is one, so types need no look."""
    try:
        return texts.issuperset(cells)
    except TypeError:  # a list or an object, which no set takes
        return False


def _only(kind: type, cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) == {kind}


def _range(plan: Plan) -> tuple[float, float]:
    """The range in training, within what is read exactly; all of that where there is none."""
    low, high, limit = plan.column.minimum, plan.column.maximum, math.nextafter(READ_EXACTLY, 0)
    if low is None or high is None:
        return -limit, limit
    return max(low, -limit), min(high, limit)


def _is_integer(plan: Plan) -> bool:
    """Whether the cells of a column are its values, where they are integers in its range."""
    low, high = _range(plan)
    return plan.column.kind == "integer" and plan.seen is None and low >= -EXACT and high <= EXACT


def _is_float64(plan: Plan) -> bool:
    # Narrow floats are rounded, and categories of numbers judged by what was seen.
    column = plan.column
    return column.kind == "number" and column.dtype in ("float64", "Float64") and plan.seen is None
