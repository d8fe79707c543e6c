"""Read Parquet, whole or in blocks, as frames of plain pandas dtypes.

Columns are read by their Parquet types, so properties of the saved DataFrame (index, nullable
integers) don't matter, and nulls in object columns are NaN as in a frame read from CSV.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from packager.data.memory_limit import refuse_too_wide
from packager.data.parquet_arrays import nested_columns
from packager.data.parquet_open import (
    batches,
    opened_parquet,
    readable,
    refuse_large_blocks,
    refuse_too_large,
    rows_within,
    schema_of,
)
from packager.data.parquet_text import decoded, encoded, held_by_python, is_text, shared
from packager.errors import UsageError

_CELLS = 1 << 22
"""Maximum number of cells in the columns that are read at a time."""
BLOCK_BYTES = 64 << 20
"""Bytes of a block of rows in a file, before encoding; a single row may have more."""
HEAD_BYTES = 16 << 20
"""Bytes of the first rows, for a preview."""
_BATCH = 1 << 18
"""Rows per batch when counting nulls."""


def parquet_names(file: Path) -> list[str]:
    """Column names of a file; ``UsageError`` if there are none or one is repeated."""
    schema = schema_of(file)
    labels = _row_labels(schema)
    names = [name for name in schema.names if name not in labels]
    refuse_too_wide(file, len(schema.names))
    if not names:
        raise UsageError(f"{file}: expected at least one column, got none")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{file}: expected every column name once, got {twice[0]!r} again")
    return names


def read_parquet(files: Sequence[Path]) -> pd.DataFrame:
    """One table from files with the same columns, as a frame.

    A few columns are read at a time, so that memory hardly exceeds the frame. Raises
    ``UsageError`` before any row is read if the frame does not fit in memory.
    """
    import pyarrow as pa

    schema = parquet_schema(files)
    refuse_too_large(files, schema)
    with ExitStack() as stack:
        opened = [stack.enter_context(opened_parquet(file)) for file in files]
        rows = sum(one.metadata.num_rows for one in opened)
        width = max(1, _CELLS // max(rows, 1))
        columns: dict[str, pd.Series[Any]] = {}
        for start in range(0, len(schema), width):
            part = pa.schema([schema.field(i) for i in range(start, len(schema))][:width])
            with readable(files[0]):
                table = _read(files, opened, part)
                frame = _frame(table, (), part)
            columns |= {str(name): frame[name] for name in frame.columns}
    pa.default_memory_pool().release_unused()
    return pd.DataFrame(columns, copy=False) if columns else pd.DataFrame(index=range(rows))


def _read(files: Sequence[Path], opened: Sequence[Any], schema: Any) -> Any:
    import pyarrow as pa

    tables = []
    for file, one in zip(files, opened, strict=True):
        with readable(file):
            table = one.read(columns=schema.names, use_threads=False).select(schema.names)
            tables.append(_fitted(table, schema, file))
    return pa.concat_tables(tables).unify_dictionaries()


def arrow_table(
    files: Sequence[Path], *, only: Sequence[str] | None = None, of_a_cell: int = 8
) -> Any:
    """One Arrow table from files with the same columns; their types are widened to fit all.

    ``only``: the columns to read. ``of_a_cell``: bytes that the caller needs for each cell.
    """
    import pyarrow as pa

    schema = parquet_schema(files)
    if only is not None:
        schema = pa.schema([schema.field(name) for name in only])
    refuse_too_large(files, schema, of_a_cell=of_a_cell)
    tables = []
    for file in files:
        with readable(file), opened_parquet(file) as opened:
            table = opened.read(columns=schema.names)
            tables.append(decoded(_fitted(table, schema, file), schema, file))
    return pa.concat_tables(tables)


def parquet_blocks(files: Sequence[Path], rows: int) -> Iterator[pd.DataFrame]:
    """The same table in blocks of at most ``rows``, with the column dtypes of the whole table.

    Memory is bounded by a row group's columns, and by the block.
    """
    schema = parquet_schema(files)
    floats = integers_with_nulls(files, schema)
    empty = schema.empty_table()
    yield _frame(empty, floats)  # a table without rows has columns too
    for file in files:
        for table in encoded_tables(file, schema, rows):
            yield _block(table, floats, schema, file)


def parquet_head(files: Sequence[Path], rows: int) -> pd.DataFrame:
    """The first rows of the same table: at most ``rows``, and few bytes; without further rows."""
    schema = parquet_schema(files)
    for file in files:
        most = min(rows, rows_within(file, HEAD_BYTES))
        refuse_large_blocks(file, schema, most, most=most)
        with opened_parquet(file) as opened:
            batch = next(batches(file, opened, most, schema.names), None)
        if batch is not None and len(batch):
            return _block(_table_of(batch), [], schema, file)
    return _block(schema.empty_table(), [], schema, files[0])


def _table_of(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def encoded_tables(file: Path, schema: Any, rows: int) -> Iterator[Any]:
    """A file in blocks of at most ``rows``, text dictionary-encoded (``decoded`` reverses it).

    Blocks of rows of many bytes have fewer rows.
    """
    rows = min(rows, rows_within(file, BLOCK_BYTES))
    refuse_large_blocks(file, schema, rows)
    with opened_parquet(file) as opened:
        for batch in batches(file, opened, rows, schema.names):
            yield _table_of(batch)


def _block(table: Any, floats: Iterable[str], schema: Any, file: Path) -> pd.DataFrame:
    with readable(file):
        return _frame(_fitted(table, schema, file), floats, schema)


def _frame(table: Any, floats: Iterable[str], schema: Any = None) -> pd.DataFrame:
    """``plain_frame`` with arrays as one block each, and with the nulls within lists."""
    import pyarrow as pa

    schema = table.schema if schema is None else schema
    nested = nested_columns(table, schema)
    rest = [name for name in table.schema.names if name not in nested]
    plain_schema = pa.schema([field for field in schema if field.name not in nested])
    frame = plain_frame(table.select(rest), floats, plain_schema)
    if not nested:
        return frame
    index = pd.RangeIndex(len(table))
    columns = {
        name: pd.Series(nested[name], index) if name in nested else frame[name]
        for name in table.schema.names
    }
    return pd.DataFrame(columns, index, copy=False)


def parquet_schema(files: Sequence[Path]) -> Any:
    """The Arrow schema of the table in ``files``, without saved row labels."""
    import pyarrow as pa

    schemas = []
    for file in files:
        schema = schema_of(file)
        labels = _row_labels(schema)
        schemas.append(pa.schema([field for field in schema if field.name not in labels]))
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        raise UsageError(
            f"{files[0].parent}: expected columns of the same type in every file, got {error}"
        ) from error


def integers_with_nulls(files: Sequence[Path], schema: Any) -> list[str]:
    """The integer columns that have nulls in any file; a frame stores them as floats."""
    import pyarrow as pa

    names = [field.name for field in schema if pa.types.is_integer(field.type)]
    with_nulls: set[str] = set()
    for file in files:
        with_nulls |= _with_nulls(file, [name for name in names if name not in with_nulls])
    return [name for name in names if name in with_nulls]


def plain_frame(table: Any, floats: Iterable[str] = (), schema: Any = None) -> pd.DataFrame:
    """The frame of an Arrow table; ``floats``: integer columns that have nulls in another block.

    Equal texts share one Python string. ``schema``: the original one, if text in ``table`` is
    dictionary-encoded.
    """
    schema = table.schema if schema is None else schema
    texts = [field.name for field in schema if is_text(field.type)]
    rest = table.drop_columns(texts)
    frame = cast(pd.DataFrame, rest.to_pandas(ignore_metadata=True, split_blocks=True))
    for name in frame.columns[[pd.api.types.is_object_dtype(dtype) for dtype in frame.dtypes]]:
        frame[name] = frame[name].where(frame[name].notna(), np.nan)
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        # The name of a fixed offset differs between versions; use the one that parses.
        offset = dtype.tz.utcoffset(None) if isinstance(dtype, pd.DatetimeTZDtype) else None
        if offset is not None:
            frame[name] = frame[name].dt.tz_convert(dt.timezone(offset))
    for name in floats:
        frame[name] = frame[name].astype("float64")
    if not texts:
        return frame
    dtypes = schema.empty_table().select(texts).to_pandas(ignore_metadata=True).dtypes
    columns = {
        name: pd.array(shared(table[name]), held_by_python(dtypes[name]), copy=False)
        if name in dtypes
        else frame[name]
        for name in table.schema.names
    }
    return pd.DataFrame(columns, copy=False)


def _fitted(table: Any, schema: Any, file: Path) -> Any:
    """``table`` in the types of ``schema``, which are widened to fit all files.

    Text becomes dictionary-encoded.
    """
    import pyarrow as pa

    try:
        table, schema = encoded(table.replace_schema_metadata(None), schema)
        return table.cast(schema)
    except pa.ArrowException as error:
        raise UsageError(
            f"{file}: expected values that fit the types of the other files, got {error}"
        ) from error


def _with_nulls(file: Path, names: Sequence[str]) -> set[str]:
    """The columns with nulls, by their values, because the statistics may be wrong."""
    with_nulls: set[str] = set()
    with readable(file), opened_parquet(file) as opened:
        nullable = [name for name in names if opened.schema_arrow.field(name).nullable]
        # Column by column: reading of a column stops at its first batch with a null.
        for name in nullable:
            batches = opened.iter_batches(_BATCH, columns=[name], use_threads=False)
            if any(batch.column(0).null_count for batch in batches):
                with_nulls.add(name)
    return with_nulls


def _row_labels(schema: Any) -> list[str]:
    """Columns in which pandas saved an unnamed index: row labels, not data."""
    try:
        pandas_metadata = schema.pandas_metadata
    except (ValueError, RecursionError):  # written by another program, in any form
        return []
    indexes = pandas_metadata.get("index_columns") if isinstance(pandas_metadata, dict) else None
    listed = indexes if isinstance(indexes, list) else []
    return [i for i in listed if isinstance(i, str) and i.startswith("__index_level_")]
