"""Validate JSON rows and convert them to the typed frame that the model was trained on.

A value is converted without loss, or the whole request is refused. A null, an unseen category and
a number outside the training range are accepted, flagged and counted.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modelhost.frames import FrameBuilder
from monitoring.column_arrays import ColumnArrays
from packager.data.rows.column_converter import ColumnConverter, RowError, short
from packager.data.rows.extra_columns import ExtraColumns
from packager.manifest.manifest import Column, Schema
from packager.text import listed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RowChecker", "RowError", "ValidatedRows", "check_rows"]

NO_ANOMALIES: Mapping[tuple[str, str], int] = MappingProxyType({})
_LOOKED_AT = 20  # unknown names compared with the known ones: bounds the cost of a hostile row
_LONGEST = 100  # characters of names that are compared: the cost is their product
_COMPARED = 1_000  # known names that an unknown one is compared with
_LISTED = 20  # names in a message


@dataclass
class ValidatedRows:
    """Rows that the model can take; treat as immutable (frozen, it would cost a microsecond)."""

    columns: tuple[Sequence[Any], ...]
    """The features in the schema's order, then the extras: per column its ``rows`` values, as
    ``make_converter`` converts them, None for null."""
    flags: Sequence[Sequence[str]]
    """Per row: ``carat:out_of_range``, ``color:unseen``, ``price:missing``."""
    anomalies: Mapping[tuple[str, str], int]
    """Count per (feature, kind); kinds are those of ``Anomaly``."""
    rows: int
    schema: Sequence[Column] = field(repr=False, compare=False)
    """The description of each of ``columns``."""
    row: Sequence[Any] | None = None
    """The values of the only row; None for any other number of rows."""
    ignored: int = 0
    """Number of columns in the rows that the model does not know."""
    defaulted: Mapping[str, int] | None = None
    """Feature → number of rows that left it out and got its default; None if none did."""
    arrays: ColumnArrays | None = field(default=None, repr=False, compare=False)
    """The features as arrays, if the reader of the request made them."""

    @cached_property
    def frame(self) -> pd.DataFrame:
        """``columns`` in the dtypes of training; built on first access, and needs pandas."""
        frame: pd.DataFrame = FrameBuilder(self.schema).frame(self.columns, self.rows)
        return frame


class RowChecker:
    """``check_rows`` prepared for one schema; reuse it for many requests."""

    def __init__(
        self, schema: Schema, *, strict: bool = False, extra: ExtraColumns = ExtraColumns()
    ) -> None:
        self._features = [ColumnConverter(column, strict=strict) for column in schema.features]
        self._extras = [ColumnConverter(column) for column in schema.extras]
        self._schema = (*schema.features, *schema.extras)
        self._required = frozenset(column.name for column in schema.features)
        self._known = self._required | {column.name for column in schema.extras}
        self._strict = strict
        self.extra = extra

    def unknown(self, names: Iterable[str]) -> set[str]:
        """The names that are not columns of the training data."""
        return set(names) - self._known - self.extra.passed_over

    def check(self, rows: Sequence[Mapping[str, Any]]) -> ValidatedRows:
        """``rows`` as columns; ``RowError`` for the first row that is refused."""
        wrong = self._wrong_keys(rows)
        errors = [] if wrong is None else [wrong]
        if wrong is not None:
            rows = rows[: wrong.row]  # rows after the first error are not reported
        whole = [row if isinstance(row, Mapping) else {} for row in rows]
        columns: list[Sequence[Any]] = []
        flags: list[list[str]] = [[] for _ in rows]
        anomalies: Counter[tuple[str, str]] = Counter()
        for plan in self._features:
            try:
                values = plan.take([row.get(plan.name, plan.default) for row in whole])
            except RowError as error:
                errors.append(error)
                continue
            columns.append(values)
            row_anomalies = list(plan.anomalies(values))
            for row, anomaly in row_anomalies:
                flags[row].append(plan.flags[anomaly])
                anomalies[plan.name, anomaly] += 1
            errors += plan.barred(values)
            if self._strict:
                errors += islice(plan.refusals(row_anomalies, whole), 1)
        columns += [plan.take_any([row.get(plan.name) for row in whole]) for plan in self._extras]
        if errors:
            raise min(errors, key=lambda error: error.row)
        checked = self.checked(columns, flags, anomalies, len(rows))
        checked.ignored = len(self.unknown(name for row in rows for name in row))
        checked.defaulted = self._defaulted(rows)
        return checked

    def checked(
        self,
        columns: Iterable[Sequence[Any]],
        flags: Sequence[Sequence[str]],
        anomalies: Mapping[tuple[str, str], int],
        rows: int,
    ) -> ValidatedRows:
        """``ValidatedRows`` of values that are already checked."""
        whole = tuple(columns)
        row = [value for (value,) in whole] if rows == 1 else None
        return ValidatedRows(whole, flags, anomalies, rows, self._schema, row)

    def checked_row(
        self,
        values: Sequence[Any],
        flags: Sequence[str] = (),
        anomalies: Mapping[tuple[str, str], int] = NO_ANOMALIES,
    ) -> ValidatedRows:
        """``ValidatedRows`` of one row of values that are already checked."""
        columns = tuple(zip(values))
        return ValidatedRows(columns, (flags,), anomalies, 1, self._schema, values)

    def _defaulted(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
        names = [plan.name for plan in self._features if plan.default is not None]
        counts = {name: sum(name not in row for row in rows) for name in names}
        return {name: count for name, count in counts.items() if count} or None

    def _wrong_keys(self, rows: Sequence[Mapping[str, Any]]) -> RowError | None:
        for row, cells in enumerate(rows):
            if not isinstance(cells, Mapping):
                return RowError(row, None, "an object of names and values", short(cells), "")
            unknown = sorted(map(str, self.unknown(cells)))[:_LOOKED_AT]
            for plan in self._features:
                if plan.name not in cells and plan.default is None:
                    hint = _misspelt(plan.name, unknown) or plan.where_unknown
                    expected = "a value or null" if plan.takes_null else "a value"
                    return RowError(row, plan.name, expected, "no such key", hint)
            if unknown and self.extra.refuse:
                name = unknown[0]
                hint = _similar(name, self._known) or _listed(sorted(self._known))
                got = short(cells.get(name))
                return RowError(row, name, "only columns that the model knows", got, hint)
        return None


def check_rows(
    rows: Sequence[Mapping[str, Any]],
    schema: Schema,
    *,
    strict: bool = False,
    extra: ExtraColumns = ExtraColumns(),
) -> ValidatedRows:
    """Validate JSON rows: typed columns, and the anomalies of each row.

    A feature that a row lacks has its default. Raises ``RowError`` for a missing feature without
    one, an unknown column that ``extra`` refuses, a value
    that the model can't take, or one that the column can't hold exactly (``"5"`` or true for a
    number, 1.5 for an integer, NaN, a time without offset for an aware column); with ``strict``
    also for anomalies, except times outside the training range, and nulls in columns that had
    some in training.
    """
    return RowChecker(schema, strict=strict, extra=extra).check(rows)


def _misspelt(name: str, sent: Iterable[str]) -> str | None:
    """The hint if an unknown key is similar to the column ``name``."""
    close = _close(name, sent)
    return f"{short(close[0])} is no column: did you mean {short(name)}?" if close else None


def _similar(name: str, names: Iterable[str]) -> str | None:
    close = _close(name, names)
    return f"did you mean {short(close[0])}?" if close else None


def _close(name: str, names: Iterable[str]) -> list[str]:
    """The one of ``names`` most similar to ``name``; empty if none is similar."""
    if len(name) > _LONGEST:
        return []
    some = islice((other for other in names if len(other) <= _LONGEST), _COMPARED)
    return difflib.get_close_matches(name, some, n=1)


def _listed(names: Sequence[str]) -> str:
    return f"the columns are {listed(names, _LISTED)}"
