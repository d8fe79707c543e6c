"""Encodes rows of a table as the blocks that a package's process takes.

Numbers, booleans and text of typed tables become arrays; every other cell becomes the value that
``package predict`` would send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from packager.data.declared import with_declared
from packager.data.parquet_files import plain_frame
from packager.data.parquet_text import is_text
from packager.data.row_files import plain_cells
from packager.manifest.base import Kind
from packager.manifest.manifest import Manifest
from packager.manifest.read_options import TableReadOptions
from packager.model.row_blocks import BlockColumn, CodedTexts, NumberColumn, RowBlock, ValueColumn

_TYPED: Mapping[str, Any] = {
    "number": lambda kind: pa.types.is_integer(kind) or pa.types.is_floating(kind),
    "integer": lambda kind: pa.types.is_integer(kind) or pa.types.is_floating(kind),
    "boolean": pa.types.is_boolean,
    "string": lambda kind: _is_text(kind),
}
"""Kind of a column → whether an Arrow type of it is sent as an array."""


class BlockEncoder:
    """Encodes the columns of one package."""

    def __init__(self, manifest: Manifest, reader: TableReadOptions, location: str) -> None:
        """``location``: the name of the table in messages."""
        columns = (*manifest.schema_.features, *manifest.schema_.extras)
        self._kinds: dict[str, Kind] = {column.name: column.kind for column in columns}
        self._reader, self._location = reader, location

    def encode(self, table: pa.Table | pd.DataFrame, first: int) -> RowBlock:
        """The block of these rows, the first of which has this number.

        Raises ``UsageError``, naming the row, for a cell that its declaration excludes.
        """
        names = table.columns if isinstance(table, pd.DataFrame) else table.column_names
        known = [name for name in names if name in self._kinds]
        if isinstance(table, pd.DataFrame):
            frame = with_declared(table[known].reset_index(drop=True), self._reader, self._location)
            cells = {name: self._values(frame[name], name, "csv") for name in known}
            return RowBlock(first, len(table), cells)
        plain = [name for name in known if not self._is_typed(name, table.schema.field(name))]
        rest = None if not plain else self._frame(table.select(plain), first)
        columns = {
            name: self._values(rest[name], name, "parquet")
            if rest is not None and name in plain
            else arrow_column(table[name])
            for name in known
        }
        return RowBlock(first, len(table), columns)

    def _is_typed(self, name: str, field: pa.Field) -> bool:
        fits = _TYPED.get(self._kinds[name])
        return fits is not None and fits(field.type) and name not in self._reader.columns

    def _frame(self, table: pa.Table, first: int) -> pd.DataFrame:
        return with_declared(plain_frame(_decoded(table)), self._reader, self._location, first)

    def _values(self, series: Any, name: str, form: Any) -> BlockColumn:
        return ValueColumn(plain_cells(series, self._kinds[name], form, self._reader))


def _is_text(kind: pa.DataType) -> bool:
    """Whether cells are text, by themselves or in a dictionary."""
    return is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)


def arrow_column(column: pa.ChunkedArray) -> BlockColumn:
    """A column of numbers, booleans or text."""
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(array, pa.ChunkedArray):  # text beyond 2 GiB; blocks never have that much
        array = pa.concat_arrays(array.chunks)
    if _is_text(array.type):
        coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return _used(codes, coded.dictionary)
    null = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    if null is not None:
        array = pc.fill_null(array, False if pa.types.is_boolean(array.type) else 0)
    return NumberColumn(np.asarray(array.to_numpy(zero_copy_only=False)), null)


def _used(codes: Any, texts: pa.Array) -> CodedTexts:
    """The texts that occur: a row group's dictionary may have many that a block lacks."""
    if len(texts) <= len(codes):
        return CodedTexts(codes, texts.to_pylist())
    indices, inverse = np.unique(codes, return_inverse=True)
    gone = int(len(indices) > 0 and indices[0] < 0)
    return CodedTexts(
        (inverse - gone).astype(np.int32), texts.take(pa.array(indices[gone:])).to_pylist()
    )


def _decoded(table: pa.Table) -> pa.Table:
    """The table with dictionary-encoded text as text."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
