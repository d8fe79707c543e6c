"""Checks a block of typed columns at once, without a loop over its cells.

``check`` returns None for whatever it can't judge: :mod:`serving.scoring.block_checker` then
checks the rows one by one. Tests show that all blocks accepted here equal the exact checker's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import Codes, ColumnArrays, ColumnLayout, Floats
from packager.data.rows.column_converter import FLAGS, Anomaly, ColumnConverter
from packager.manifest.base import MAX_EXACT_INTEGER
from packager.manifest.manifest import Schema
from packager.model.row_blocks import BlockColumn, Bools, CodedTexts, NumberColumn, RowBlock
from serving.prediction.converters import is_float64, is_integer
from serving.scoring.checked_block import AnomalyRows, CheckedBlock

LIMIT = float(MAX_EXACT_INTEGER)
_NARROW = ("float32", "Float32")
_ORDERED = ("number", "integer", "boolean")


class _UnsureError(Exception):
    """Only the exact checker can judge a column."""


class TypedChecker:
    """Checks blocks of one schema's features."""

    def __init__(self, schema: Schema, *, strict: bool) -> None:
        self._plans = [ColumnConverter(column, strict=strict) for column in schema.features]
        self._extras = [ColumnConverter(column) for column in schema.extras]
        self._strict = strict
        self._plain = all(map(_is_plain, self._plans))
        kinds = [plan.column.kind for plan in self._plans]
        numbers = [at for at, kind in enumerate(kinds) if kind in _ORDERED]
        known = {
            at: plan.column.categories or ()
            for at, plan in enumerate(self._plans)
            if kinds[at] == "string" and plan.seen is not None
        }
        self._layout = ColumnLayout(numbers, known)

    def check(self, block: RowBlock) -> CheckedBlock | None:
        """The checked rows; None if another checker has to decide."""
        if not self._plain or not all(plan.name in block.columns for plan in self._plans):
            return None
        try:
            features = [_typed(block.columns[plan.name], plan) for plan in self._plans]
            marks = [
                mark
                for pair in zip(self._plans, features, strict=True)
                for mark in self._marks(*pair)
            ]
        except _UnsureError:
            return None
        extras = [self._extra(plan, block) for plan in self._extras]
        arrays = self._arrays(features, block.rows)
        return CheckedBlock(block.rows, features, extras, marks, (), arrays)

    def _extra(self, plan: ColumnConverter, block: RowBlock) -> Sequence[object]:
        column = block.columns.get(plan.name)
        return [None] * block.rows if column is None else plan.take_any(column.plain())

    def _marks(self, plan: ColumnConverter, column: BlockColumn) -> list[AnomalyRows]:
        marks = []
        for anomaly, rows in _anomalies(plan, column).items():
            indices = np.flatnonzero(rows)
            if not len(indices):
                continue
            if self._strict or plan.is_barred(None, anomaly):
                raise _UnsureError
            flag = f"{plan.name}:{FLAGS[anomaly]}"
            marks.append(AnomalyRows(plan.name, anomaly, flag, indices.astype(np.int64)))
        return marks

    def _arrays(self, features: Sequence[BlockColumn], rows: int) -> ColumnArrays:
        numbers: Floats = np.empty((len(self._layout.numbers), rows))
        for at, index in self._layout.numbers.items():
            column = features[at]
            assert isinstance(column, NumberColumn)
            numbers[index] = column.values
            if column.null is not None:
                numbers[index][column.null] = np.nan
        codes: Codes = np.empty((len(self._layout.categories), rows), np.intp)
        for at, index in self._layout.categories.items():
            own, texts = self._layout.codes[at], features[at]
            assert isinstance(texts, CodedTexts)
            table = [own.get(text, -1) for text in texts.values]
            codes[index] = np.array([*table, own[None]], np.intp)[texts.codes]
        return ColumnArrays(self._layout, numbers, codes)


def _is_plain(plan: ColumnConverter) -> bool:
    column = plan.column
    if column.kind == "string":
        return True
    if column.kind == "boolean":
        return plan.seen is not None
    narrow = column.kind == "number" and column.dtype in _NARROW and plan.seen is None
    return narrow or is_float64(plan) or is_integer(plan)


def _typed(column: BlockColumn, plan: ColumnConverter) -> BlockColumn:
    """The column in the type of the schema; raises ``_UnsureError``."""
    kind = plan.column.kind
    if kind == "string" and isinstance(column, CodedTexts):
        if plan.bars and "" in column.values:
            raise _UnsureError
        return column
    if kind == "string" or not isinstance(column, NumberColumn):
        raise _UnsureError
    if kind == "boolean":
        if column.values.dtype.kind != "b":
            raise _UnsureError
        return column
    values = column.values
    if values.dtype.kind not in "iuf":
        raise _UnsureError
    null = _null(column)
    present = values if null is None else values[~null]
    if not (np.isfinite(present).all() and (np.abs(present.astype(np.float64)) < LIMIT).all()):
        raise _UnsureError
    if kind == "integer":
        return _integers(values, null, present, plan)
    return _floats(values, null, plan)


def _integers(
    values: npt.NDArray[np.generic],
    null: Bools | None,
    present: npt.NDArray[np.generic],
    plan: ColumnConverter,
) -> NumberColumn:
    whole = np.asarray(present, np.int64)
    # A column of a narrow dtype refuses larger integers.
    if not (whole == present).all() or (len(whole) and not _holds(plan, whole)):
        raise _UnsureError
    if null is None:
        return NumberColumn(whole)
    filled = np.zeros(len(values), np.int64)
    filled[~null] = whole
    return NumberColumn(filled, null)


def _holds(plan: ColumnConverter, values: npt.NDArray[np.int64]) -> bool:
    dtype = plan.column.dtype.lower()
    if dtype == "int64":
        return True
    try:
        bounds = np.iinfo(dtype)
    except ValueError:  # a dtype of pandas without a size here
        return False
    return int(bounds.min) <= int(values.min()) and int(values.max()) <= int(bounds.max)


def _floats(
    values: npt.NDArray[np.generic], null: Bools | None, plan: ColumnConverter
) -> NumberColumn:
    numbers = np.array(values, np.float64)  # a copy, because nulls are written into it
    if null is not None:
        numbers[null] = np.nan
    if plan.column.dtype in _NARROW:
        with np.errstate(over="ignore"):
            rounded = numbers.astype(np.float32).astype(np.float64)
        exact = values.dtype.kind == "f" or bool((rounded == numbers)[~np.isnan(numbers)].all())
        if not exact or np.isinf(rounded).any():
            raise _UnsureError
        numbers = rounded
    return NumberColumn(numbers)


def _null(column: NumberColumn) -> Bools | None:
    """The mask of nulls; None if there are none."""
    null = np.isnan(column.values) if column.values.dtype.kind == "f" else None
    if column.null is not None:
        null = column.null if null is None else null | column.null
    return null if null is not None and null.any() else None


def _anomalies(plan: ColumnConverter, column: BlockColumn) -> Mapping[Anomaly, Bools]:
    """Each anomaly and the mask of its rows, as ``ColumnConverter.judge``."""
    if isinstance(column, CodedTexts):
        table = np.array([_unseen(plan, text) for text in column.values] + [False], np.bool_)
        return {"missing": column.codes < 0, "unseen": table[column.codes]}
    assert isinstance(column, NumberColumn)
    masks: dict[Anomaly, Bools] = {}
    null = _null(column)
    if null is not None:
        masks["missing"] = null
    if plan.seen is not None:  # booleans
        odd = [flag for flag in (False, True) if plan.judge(flag) is not None]
        unseen = np.isin(column.values, odd)
        return {**masks, "unseen": unseen if null is None else unseen & ~null}
    low, high = plan.column.minimum, plan.column.maximum
    if low is None or high is None:
        return masks
    values = column.values.astype(np.float64)
    for anomaly, outside in (("below_range", values < low), ("above_range", values > high)):
        masks[anomaly] = outside if null is None else outside & ~null  # type: ignore[index]
    return masks


def _unseen(plan: ColumnConverter, text: str) -> bool:
    return plan.judge(text) is not None
