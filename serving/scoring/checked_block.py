"""Rows of a block that passed the validation, in the forms that its readers need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from modelhost.columns import (
    ColumnSpec,
    encode_array,
    encode_text,
    encode_values,
)
from modelhost.wire import Buffer
from monitoring.column_arrays import ColumnArrays
from packager.model.row_blocks import BlockColumn, CodedTexts, Indices, NumberColumn, ValueColumn

Described = tuple[list[dict[str, Any]], list[Buffer]]


class AnomalyRows(NamedTuple):
    """The rows with one anomaly of one feature."""

    feature: str
    anomaly: str
    flag: str
    rows: Indices


class PlainColumn(Sequence[Any]):
    """A column as plain values, made when one is first asked for."""

    def __init__(self, column: BlockColumn, rows: int) -> None:
        self._column, self._rows = column, rows

    @cached_property
    def _values(self) -> list[Any]:
        return self._column.plain()

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: Any) -> Any:
        return self._values[place]

    def __iter__(self) -> Any:
        return iter(self._values)


@dataclass(frozen=True)
class CheckedBlock:
    """n rows that the model can take."""

    rows: int
    features: Sequence[BlockColumn]
    """In the types of the schema."""
    extras: Sequence[Sequence[Any]]
    marks: Sequence[AnomalyRows]
    """In the order of a row's flags."""
    defaulted: Sequence[str] = ()
    """Features that the table lacks, which have their default."""
    arrays: ColumnArrays | None = field(default=None, repr=False)
    """The features as arrays, but for those whose text is not coded; a code of -1 is unseen."""

    @cached_property
    def columns(self) -> list[Sequence[Any]]:
        """Features, then extras, as plain values."""
        return [*(PlainColumn(column, self.rows) for column in self.features), *self.extras]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """The rows whose arrays are complete: without an unseen category."""
        if self.arrays is None:
            return np.zeros(self.rows, np.bool_)
        return np.asarray((self.arrays.codes >= 0).all(axis=0), np.bool_)

    @property
    def anomalies(self) -> dict[tuple[str, str], int]:
        """(feature, anomaly) → values."""
        return {(mark.feature, mark.anomaly): len(mark.rows) for mark in self.marks}

    @property
    def flags(self) -> list[tuple[str, Indices]]:
        """Each flag and its rows, in the order of a row's flags."""
        return [(mark.flag, mark.rows) for mark in self.marks]

    def at(self, rows: Indices) -> CheckedBlock:
        """The rows at these positions, ascending."""
        if len(rows) == self.rows:
            return self
        indices = np.full(self.rows, -1, np.int64)
        indices[rows] = np.arange(len(rows))
        marks = [
            mark._replace(rows=indices[mark.rows][indices[mark.rows] >= 0]) for mark in self.marks
        ]
        return CheckedBlock(
            len(rows),
            [_select(column, rows) for column in self.features],
            [[column[row] for row in rows.tolist()] for column in self.extras],
            [one for one in marks if len(one.rows)],
            self.defaulted,
            None if self.arrays is None else self.arrays.at(rows),
        )

    def flag_lists(self) -> list[list[str]]:
        """The flags of each row that has any."""
        by_row: dict[int, list[str]] = {}
        for name, rows in self.flags:
            for row in rows.tolist():
                by_row.setdefault(row, []).append(name)
        return list(by_row.values())

    def described(self, specs: Sequence[ColumnSpec]) -> Described:
        """The features as columns of a message to the model's process."""
        columns: list[dict[str, Any]] = []
        buffers: list[Buffer] = []
        for column, spec in zip(self.features, specs, strict=True):
            own, more = _described(column, spec, self.rows)
            columns.append(own)
            buffers += more
        return columns, buffers


def _select(column: BlockColumn, rows: Indices) -> BlockColumn:
    if isinstance(column, NumberColumn):
        null = None if column.null is None else column.null[rows]
        return NumberColumn(column.values[rows], null)
    if isinstance(column, CodedTexts):
        return CodedTexts(column.codes[rows], column.values)
    return ValueColumn([column.values[row] for row in rows.tolist()])


def _described(
    column: BlockColumn, spec: ColumnSpec, rows: int
) -> tuple[dict[str, Any], list[Buffer]]:
    if isinstance(column, NumberColumn):
        null = None if column.null is None or not column.null.any() else column.null
        return encode_array(column.values, None if null is None else null.tolist())
    if isinstance(column, CodedTexts):
        return _of_texts(column, spec)
    encoded = encode_values([column.values], [spec], rows)
    return encoded.described[0], list(encoded.buffers)


def _of_texts(column: CodedTexts, spec: ColumnSpec) -> tuple[dict[str, Any], list[Buffer]]:
    """Codes of a column of categories; else text, joined without a loop over the rows."""
    if spec.categories is not None and spec.dtype.endswith("category"):
        index = {text: at for at, text in enumerate(spec.categories)}
        known = np.array([*(index.get(text, -1) for text in column.values), -1], np.int64)
        return encode_array(known[column.codes])
    known_text, _ = encode_text(column.values)
    if not column.values:
        return encode_text([None] * len(column.codes))
    parts = np.empty(len(column.values) + 1, object)
    parts[:-1] = [text.encode() for text in column.values]
    parts[-1] = b""
    lengths = np.array([*map(len, parts)], np.int64)
    buffers: list[Buffer] = [b"".join(parts[column.codes].tolist())]
    buffers.append(np.cumsum(lengths[column.codes]).astype("<i8").tobytes())
    null = column.codes < 0
    if null.any():
        buffers.append(null.tobytes())
    return {**known_text, "nulls": bool(null.any())}, buffers
