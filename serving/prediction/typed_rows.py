"""Parses a body into typed columns in one pass, for all but the rarer kinds of columns.

``msgspec`` parses a row into a struct of the schema's names and types, without a dict and a type
check for each cell. Anomalies are found by comparing arrays, and judged one by one. ``read``
returns None for whatever it can't judge: :mod:`serving.prediction.fast_rows` then parses the body
again. Tests show that all rows accepted here equal the exact checker's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import Codes, ColumnArrays, ColumnLayout, Floats
from packager.data.rows.column_converter import Anomaly
from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.request_rows import NO_ANOMALIES, RowChecker, ValidatedRows
from packager.manifest.base import MAX_EXACT_INTEGER
from serving.prediction.common_row import CommonRow
from serving.prediction.converters import (
    FastConverter,
    SlowPathError,
    is_float64,
    is_integer,
    range_of,
)
from serving.prediction.nested_cells import NESTED, nested_reader, wire_type

MAX_COLUMNS = 256
"""More columns are left to the other readers: a struct's field is searched for in time proportional
to their number if the keys of a row are in another order."""
LIMIT = float(MAX_EXACT_INTEGER)
"""A number of this size or more may have been an integer that a float can't hold."""
_TYPES: dict[str, Any] = {
    "number": float | None,
    "integer": int | None,
    "string": str | None,
    "boolean": bool | None,
}
_ORDERED = ("number", "integer", "boolean")
_NO_FLAGS: Sequence[str] = ()
_as_tuple = msgspec.structs.astuple

Cell = tuple[int, int]
"""Column and row of a cell."""


class TypedRows:
    """Reads the bodies of ``/predict`` for one schema."""

    @classmethod
    def of(cls, takers: Sequence[FastConverter], extras: int, checker: RowChecker) -> Self | None:
        """The reader for a schema; None if a feature is of a rarer kind.

        ``takers``: one for each feature; ``extras``: number of the other columns, which rows that
        are read here lack.
        """
        if len(takers) > MAX_COLUMNS or not all(map(_is_plain, takers)):
            return None
        return cls(takers, extras, checker)

    def __init__(self, takers: Sequence[FastConverter], extras: int, checker: RowChecker) -> None:
        self._takers = takers
        self._checker = checker
        self._padding: Sequence[Any] = (None,) * extras
        self._decode = _decoder(takers)
        plans = [taken.plan for taken in takers]
        self._usual = CommonRow(plans, LIMIT - 1)
        kinds = [plan.column.kind for plan in plans]
        self._numbers = [at for at, kind in enumerate(kinds) if kind in _ORDERED]
        self._nested = {
            at: nested_reader(plans[at]) for at, kind in enumerate(kinds) if kind in NESTED
        }
        self.reads_large = bool(self._nested)
        """Whether its cells may be large, so that parsing them without pauses is worth it."""
        ranges = [_range(takers[at]) for at in self._numbers]
        self._low = np.array([[low] for low, _ in ranges])
        self._high = np.array([[high] for _, high in ranges])
        self._free = [
            at for at, plan in enumerate(plans) if plan.seen is None and kinds[at] == "string"
        ]
        known = {at: plan.column.categories or () for at, plan in enumerate(plans) if plan.seen}
        self._layout = ColumnLayout(self._numbers, known)
        # The last one is found by the code -1 of unseen values.
        seen = self._layout.translated(lambda _, value: value is not None)
        self._usual_codes = np.array([*seen, False], np.bool_)

    def read(self, body: bytes) -> ValidatedRows | None:
        """The rows in ``body``; None if another reader has to decide."""
        try:
            rows = list(map(_as_tuple, self._decode(body).rows))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if len(rows) > 1 or (rows and self._nested):
            try:
                return self._many(rows)
            except (SlowPathError, ConversionError, OverflowError):
                return None
        values = self._usual.values(rows[0]) if rows else None
        return None if values is None else self._checker.checked_row([*values, *self._padding])

    def _many(self, rows: Sequence[Sequence[Any]]) -> ValidatedRows:
        count = len(rows)
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        numbers, unusual = self._number_array(columns, count)
        codes, others = self._code_array(columns, count)
        unusual += others
        known: dict[Cell, Anomaly] = {}
        for at, read in self._nested.items():
            columns[at], row_anomalies = read(columns[at])
            known.update(((at, row), anomaly) for row, anomaly in row_anomalies)
        for at in self._free:
            unusual += ((at, row) for row, cell in enumerate(columns[at]) if not cell)
        flags: Sequence[Sequence[str]] = (_NO_FLAGS,) * count
        anomalies: Mapping[tuple[str, str], int] = NO_ANOMALIES
        if unusual or known:
            flags, anomalies = self._flagged(columns, unusual, known)
        columns += ((cell,) * count for cell in self._padding)
        checked = self._checker.checked(columns, flags, anomalies, count)
        if codes is not None:
            checked.arrays = ColumnArrays(self._layout, numbers, codes)
        return checked

    def _number_array(
        self, columns: Sequence[Sequence[Any]], rows: int
    ) -> tuple[Floats, list[Cell]]:
        """The array of numbers and booleans, and the places of unusual ones."""
        selected = [columns[at] for at in self._numbers]
        if not selected:
            return np.empty((0, rows)), []
        try:
            flat = np.fromiter(chain.from_iterable(selected), np.float64, len(selected) * rows)
            numbers = flat.reshape(len(selected), rows)
        except TypeError:  # a null
            numbers = np.array(selected, np.float64)
        usual = (self._low <= numbers) & (numbers <= self._high)
        return numbers, [] if usual.all() else _true_cells(~usual, self._numbers)

    def _code_array(
        self, columns: Sequence[Sequence[Any]], rows: int
    ) -> tuple[Codes | None, list[Cell]]:
        """The array of codes, None if a category is unseen; and the places of unusual ones."""
        known = self._layout.codes
        if not known:
            return np.empty((0, rows), np.intp), []
        each = [map(codes.get, columns[at], repeat(-1)) for at, codes in known.items()]
        flat = np.fromiter(chain.from_iterable(each), np.intp, len(each) * rows)
        codes = flat.reshape(len(each), rows)
        usual = self._usual_codes[codes]
        if usual.all():
            return codes, []
        return None if (codes < 0).any() else codes, _true_cells(~usual, list(known))

    def _flagged(
        self,
        columns: Sequence[Sequence[Any]],
        unusual: Iterable[Cell],
        known: Mapping[Cell, Anomaly],
    ) -> tuple[Sequence[Sequence[str]], Mapping[tuple[str, str], int]]:
        """Flags of each row, and anomalies, of cells by column; ``SlowPathError`` if unsure.

        ``known``: those of nested cells.
        """
        flags: list[list[str]] = [[] for _ in columns[0]]
        anomalies: Counter[tuple[str, str]] = Counter()
        for at, row in sorted({*unusual, *known}):
            taken, cell = self._takers[at], columns[at][row]
            anomaly = known.get((at, row))
            if anomaly is not None and taken.plan.is_barred(None, anomaly):
                raise SlowPathError
            if anomaly is None and type(cell) in (int, float) and not -LIMIT < cell < LIMIT:
                raise SlowPathError
            if anomaly is None:
                _, anomaly = taken.one(cell)
            if anomaly is not None:
                flags[row].append(taken.plan.flags[anomaly])
                anomalies[taken.name, anomaly] += 1
        return flags, anomalies


def _true_cells(unusual: npt.NDArray[np.bool_], columns: Sequence[int]) -> list[Cell]:
    """The places that are true in an array with one row for each of ``columns``."""
    pairs = zip(*(indices.tolist() for indices in np.nonzero(unusual)), strict=True)
    return [(columns[at], row) for at, row in pairs]


def _is_plain(taken: FastConverter) -> bool:
    plan = taken.plan
    if any(character in '"\\' or not character.isprintable() for character in taken.name):
        return False  # a struct's field can't have such a name
    if plan.column.kind == "boolean":
        return plan.seen is not None
    if plan.column.kind in ("string", *NESTED):
        return True
    return is_float64(plan) or is_integer(plan)


def _range(taken: FastConverter) -> tuple[float, float]:
    """The usual numbers, or booleans as numbers."""
    plan = taken.plan
    if plan.column.kind == "boolean":
        seen = plan.seen or (False,)
        return float(min(seen)), float(max(seen))
    low, high = range_of(plan)
    return max(low, 1 - LIMIT), min(high, LIMIT - 1)


def _decoder(takers: Sequence[FastConverter]) -> Callable[[bytes], Any]:
    names = {f"f{at}": taken.name for at, taken in enumerate(takers)}
    fields = [
        (field, _TYPES.get(taken.plan.column.kind) or wire_type(taken.plan))
        for field, taken in zip(names, takers, strict=True)
    ]
    options: dict[str, Any] = {"forbid_unknown_fields": True, "gc": False}
    row = msgspec.defstruct("Row", fields, rename=names, **options)
    rows = [("rows", list[row])]  # type: ignore[valid-type]
    return msgspec.json.Decoder(msgspec.defstruct("Rows", rows, **options)).decode
