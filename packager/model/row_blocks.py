"""Blocks of rows on their way to a package's process, and the answers on their way back.

A table is scored as a stream of blocks (``serving.scoring``). Each column of a block is an array of
numbers, texts by code, or plain JSON values; both sides import this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modelhost.columns import decode_columns, encode_array, encode_text
from modelhost.prediction_messages import decode_predictions, encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Buffer, Message

BadRows = Literal["fail", "skip", "null"]
"""The treatment of a row without an answer: an error, no row, or a row of nulls."""
Indices = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NumberColumn:
    """A column of floats, integers or booleans; NaN is null, and what ``null`` says."""

    values: npt.NDArray[Any]
    null: Bools | None = None
    """None: no value is null, but for NaN."""

    def plain(self) -> list[Any]:
        """The values as JSON has them, None for null."""
        values: list[Any] = self.values.tolist()
        null = np.isnan(self.values) if self.values.dtype.kind == "f" else self.null
        if self.null is not None and null is not None:
            null = null | self.null
        if null is not None:
            for row in np.flatnonzero(null).tolist():
                values[row] = None
        return values

    def at(self, rows: Indices) -> NumberColumn:
        """The rows at these positions."""
        return NumberColumn(self.values[rows], None if self.null is None else self.null[rows])


@dataclass(frozen=True)
class CodedTexts:
    """A column of texts: each row's place in ``values``, -1 for null."""

    codes: npt.NDArray[np.int32]
    values: Sequence[str]

    def plain(self) -> list[Any]:
        """The texts, None for null."""
        known = [*self.values, None]
        return [known[code] for code in self.codes.tolist()]

    def at(self, rows: Indices) -> CodedTexts:
        """The rows at these positions, with the values that they have."""
        codes = self.codes[rows]
        used = np.unique(codes[codes >= 0])
        indices = np.full(len(self.values) + 1, -1, np.int32)  # the last is that of null
        indices[used] = np.arange(len(used))
        return CodedTexts(indices[codes], [self.values[code] for code in used.tolist()])


@dataclass(frozen=True)
class ValueColumn:
    """A column of JSON values, None for null."""

    values: Sequence[Any]

    def plain(self) -> list[Any]:
        """The values."""
        return list(self.values)

    def at(self, rows: Indices) -> ValueColumn:
        """The rows at these positions."""
        return ValueColumn([self.values[row] for row in rows.tolist()])


BlockColumn = NumberColumn | CodedTexts | ValueColumn


@dataclass(frozen=True)
class RowBlock:
    """Rows of a table."""

    first: int
    """The number of its first row in the whole table, from 0."""
    rows: int
    columns: Mapping[str, BlockColumn]

    def at(self, rows: Indices) -> RowBlock:
        """The rows at these positions, ascending; ``first`` stays that of the whole block."""
        columns = {name: column.at(rows) for name, column in self.columns.items()}
        return RowBlock(self.first, len(rows), columns)

    def encoded(self) -> Message:
        """The block as a message; ``RowBlock.decoded`` is the inverse."""
        described, buffers = [], list[Buffer]()
        for name, column in self.columns.items():
            about, own = _encoded(column)
            described.append({"name": name, "parts": len(own), **about})
            buffers += own
        header = {"verb": "block", "first": self.first, "rows": self.rows, "columns": described}
        return Message(header, buffers)

    @classmethod
    def decoded(cls, message: Message) -> RowBlock:
        """From ``encoded``; raises ``PackageError`` for columns of another form."""
        header, columns, start = message.header, dict[str, BlockColumn](), 0
        for one in header["columns"]:
            own = message.buffers[start : start + one["parts"]]
            start += one["parts"]
            columns[one["name"]] = _decoded(one, own, header["rows"])
        return cls(header["first"], header["rows"], columns)


def _encoded(column: BlockColumn) -> tuple[dict[str, Any], list[Buffer]]:
    match column:
        case NumberColumn():
            about, buffers = encode_array(column.values)
            if column.null is not None:
                _, mask_buffers = encode_array(column.null)
                buffers += mask_buffers
            return {"form": "numbers", "values": about}, buffers
        case CodedTexts():
            about, buffers = encode_array(column.codes)
            known, mask_buffers = encode_text(column.values)
            form = {"form": "texts", "codes": about, "known": known, "count": len(column.values)}
            return form, [*buffers, *mask_buffers]
        case ValueColumn():
            return {"form": "values", "values": list(column.values)}, []


def _decoded(one: Mapping[str, Any], buffers: Sequence[Buffer], rows: int) -> BlockColumn:
    if one["form"] == "values":
        return ValueColumn(one["values"])
    if one["form"] == "numbers":
        (values,) = decode_columns([one["values"]], buffers[:1], rows)
        null = np.frombuffer(buffers[1], np.bool_) if len(buffers) > 1 else None
        return NumberColumn(values, null)
    (codes,) = decode_columns([one["codes"]], buffers[:1], rows)
    (known,) = decode_columns([one["known"]], buffers[1:], one["count"])
    return CodedTexts(codes, known)


@dataclass(frozen=True)
class BlockAnswers:
    """Answers to the rows of a block, without those that were rejected."""

    predictions: Predictions
    flags: Sequence[tuple[str, Indices]]
    """Each flag, and the rows (among those answered) that have it, in the order of a row's."""
    rejected: Sequence[tuple[int, str]] = field(default=())
    """Rows of the block without an answer, ascending, and why."""

    def encoded(self) -> Message:
        """The answers as a message; ``BlockAnswers.decoded`` is the inverse."""
        header, buffers = encode_predictions(self.predictions)
        for _, rows in self.flags:
            _, own = encode_array(rows)
            buffers += own
        names = [name for name, _ in self.flags]
        return Message({**header, "flags": names, "rejected": list(self.rejected)}, buffers)

    @classmethod
    def decoded(cls, message: Message) -> BlockAnswers:
        """From ``encoded``; raises ``PackageError`` for columns of another form."""
        names = message.header["flags"]
        behind = len(message.buffers) - len(names)
        predictions = decode_predictions(Message(message.header, message.buffers[:behind]))
        rows = [np.frombuffer(buffer, "<i8") for buffer in message.buffers[behind:]]
        rejected = [(row, reason) for row, reason in message.header["rejected"]]
        return cls(predictions, list(zip(names, rows, strict=True)), rejected)
