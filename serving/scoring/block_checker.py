"""Validates a block of rows: all columns at once, or else row by row as a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.data.rows.column_converter import FLAGS, ColumnConverter
from packager.data.rows.request_rows import RowChecker, RowError, ValidatedRows
from packager.manifest.manifest import Schema
from packager.model.row_blocks import BadRows, Indices, RowBlock, ValueColumn
from serving.scoring.checked_block import AnomalyRows, CheckedBlock
from serving.scoring.typed_block import TypedChecker

ALONE = 16
"""Up to so many rows are checked alone if arrays can't judge them; with more bad rows than one in
so many, a check of every row is faster."""
MAX_UNSURE = 4
"""With more parts without a bad row that arrays can't judge, they can't judge the block."""


@dataclass(frozen=True)
class CheckedRows:
    """The valid rows of a block."""

    block: CheckedBlock
    rows: Indices
    """Their positions in the block that was sent."""
    rejected: Sequence[tuple[int, str]]
    """The other positions, and the reasons."""


class BlockChecker:
    """Checks blocks of one package."""

    def __init__(self, schema: Schema, checker: RowChecker, *, strict: bool) -> None:
        self._typed = TypedChecker(schema, strict=strict)
        self._exact = checker
        self._plans = [ColumnConverter(column) for column in schema.features]

    def check(self, block: RowBlock, bad: BadRows) -> CheckedRows:
        """The valid rows; with ``bad="fail"`` raises ``RowError`` for the first that isn't."""
        typed = self._typed.check(block)
        if typed is not None:
            return CheckedRows(typed, np.arange(block.rows), ())
        if bad != "fail":
            parted = self._by_parts(block)
            if parted is not None:
                return parted
        rows = _row_objects(block)
        try:
            checked = self._exact.check(rows)
        except RowError as error:
            if bad == "fail":
                raise _of_table(error, block.first) from None
            return self._good_rows(rows)
        return CheckedRows(self._block(checked), np.arange(block.rows), ())

    def _by_parts(self, block: RowBlock) -> CheckedRows | None:
        """The valid rows by halves of the block; None if arrays can't judge them.

        So a few bad rows of many cost the logarithm of the number of rows each, not a check of
        every row alone.
        """
        rejected: dict[int, str] = {}
        parts, unsure = [np.arange(block.rows)], 0
        while parts:
            part = parts.pop()
            if self._typed.check(block.at(part)) is not None:
                continue
            if len(part) > ALONE:
                parts += [part[: len(part) // 2], part[len(part) // 2 :]]
                continue
            refused = self._refused(_row_objects(block.at(part)))
            rejected |= {int(part[index]): reason for index, reason in refused.items()}
            unsure += not refused
            if unsure > MAX_UNSURE or len(rejected) > block.rows // ALONE:
                return None
        accepted = np.array([row for row in range(block.rows) if row not in rejected], np.int64)
        typed = self._typed.check(block.at(accepted))
        return None if typed is None else CheckedRows(typed, accepted, sorted(rejected.items()))

    def _refused(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """The positions of rows that are refused alone, and the reasons."""
        refused: dict[int, str] = {}
        for index, row in enumerate(rows):
            try:
                self._exact.check([row])
            except RowError as error:
                refused[index] = _reason(error)
        return refused

    def _good_rows(self, rows: Sequence[Mapping[str, Any]]) -> CheckedRows:
        rejected = self._refused(rows)
        while True:  # a value may be refused because of another row's: at most a few
            accepted = [index for index in range(len(rows)) if index not in rejected]
            try:
                checked = self._exact.check([rows[index] for index in accepted])
            except RowError as error:
                rejected[accepted[error.row]] = _reason(error)
                continue
            return CheckedRows(
                self._block(checked), np.array(accepted, np.int64), sorted(rejected.items())
            )

    def _block(self, checked: ValidatedRows) -> CheckedBlock:
        count = len(self._plans)
        marks = []
        for plan, values in zip(self._plans, checked.columns, strict=False):
            by_anomaly: dict[str, list[int]] = {}
            for row, anomaly in plan.anomalies(values):
                by_anomaly.setdefault(anomaly, []).append(row)
            marks += [
                AnomalyRows(plan.name, name, f"{plan.name}:{FLAGS[name]}", np.array(own, np.int64))  # type: ignore[index]
                for name, own in by_anomaly.items()
            ]
        features = [ValueColumn(values) for values in checked.columns[:count]]
        return CheckedBlock(
            checked.rows, features, checked.columns[count:], marks, tuple(checked.defaulted or ())
        )


def _row_objects(block: RowBlock) -> list[dict[str, Any]]:
    """The rows as those of a request."""
    names = list(block.columns)
    columns = [column.plain() for column in block.columns.values()]
    if not columns:
        return [{} for _ in range(block.rows)]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _of_table(error: RowError, first: int) -> RowError:
    """The error by the row's number in the table, whose cells are no JSON."""
    hint = "correct the cell, or answer the other rows: --bad skip, or --bad null"
    return RowError(first + error.row, error.column, error.expected, error.got, hint)


def _reason(error: RowError) -> str:
    """The message without the row's number, in the block."""
    return error.message.partition(": " if error.column is None else ", ")[2]
