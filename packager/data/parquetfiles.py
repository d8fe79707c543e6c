"""Parquet, whole or in blocks, as frames of plain pandas dtypes.

Columns are read by their own types, so what a DataFrame was before it was saved (index, nullable
integers) doesn't matter, and nulls in object columns are NaN as in a frame read from CSV.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.errors import UsageError

_CELLS = 1 << 22
"""Of the columns that are read at a time."""


def parquet_names(file: Path) -> list[str]:
    """Column names of a file; ``UsageError`` if there are none, or one is there twice."""
    from pyarrow import parquet

    with _readable(file):
        schema = parquet.read_schema(file)
    labels = _row_labels(schema)
    names = [name for name in schema.names if name not in labels]
    if not names:
        raise UsageError(f"{file}: expected at least one column, got none")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{file}: expected every column name once, got {twice[0]!r} again")
    return names


def read_parquet(files: Sequence[Path]) -> pd.DataFrame:
    """One table from files with the same columns, as a frame.

    A few columns are read at a time, so that hardly more than the frame is held in memory.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet_schema(files)
    with ExitStack() as stack:
        opened = []
        for file in files:
            with _readable(file):
                whole = parquet.ParquetFile(file, pre_buffer=False)
                opened.append(stack.enter_context(whole))
        rows = sum(one.metadata.num_rows for one in opened)
        width = max(1, _CELLS // max(rows, 1))
        columns: dict[str, pd.Series[Any]] = {}
        for start in range(0, len(schema), width):
            part = pa.schema([schema.field(i) for i in range(start, len(schema))][:width])
            frame = plain_frame(_read(files, opened, part))
            columns |= {str(name): frame[name] for name in frame.columns}
    pa.default_memory_pool().release_unused()
    return pd.DataFrame(columns, copy=False) if columns else pd.DataFrame(index=range(rows))


def _read(files: Sequence[Path], opened: Sequence[Any], schema: Any) -> Any:
    import pyarrow as pa

    tables = []
    for file, one in zip(files, opened, strict=True):
        with _readable(file):
            table = one.read(columns=schema.names, use_threads=False).select(schema.names)
            tables.append(_fitted(table, schema, file))
    return pa.concat_tables(tables)


def arrow_table(files: Sequence[Path]) -> Any:
    """One Arrow table from files with the same columns; their types are widened to fit all."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet_schema(files)
    tables = []
    for file in files:
        with _readable(file):
            table = parquet.ParquetFile(file).read(columns=schema.names)
            tables.append(_fitted(table, schema, file))
    return pa.concat_tables(tables)


def parquet_blocks(files: Sequence[Path], rows: int) -> Iterator[pd.DataFrame]:
    """The same table in blocks of at most ``rows``, every column in the dtype it has as a whole.

    Memory is bounded by a row group's columns, and by the block.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet_schema(files)
    floats = holed_integers(files, schema)
    yield plain_frame(schema.empty_table(), floats)  # a table without rows has columns too
    for file in files:
        with _readable(file), parquet.ParquetFile(file, pre_buffer=False) as opened:
            batches = opened.iter_batches(rows, columns=schema.names, use_threads=False)
            for batch in batches:
                table = pa.Table.from_batches([batch])
                yield plain_frame(_fitted(table, schema, file), floats)


def parquet_schema(files: Sequence[Path]) -> Any:
    """The Arrow schema of the table in ``files``, without saved row labels."""
    import pyarrow as pa
    from pyarrow import parquet

    schemas = []
    for file in files:
        with _readable(file):
            schema = parquet.read_schema(file)
        labels = _row_labels(schema)
        schemas.append(pa.schema([field for field in schema if field.name not in labels]))
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        raise UsageError(
            f"{files[0].parent}: expected columns of the same type in every file, got {error}"
        ) from error


def holed_integers(files: Sequence[Path], schema: Any) -> list[str]:
    """The integer columns that have nulls somewhere: a frame holds them as floats."""
    import pyarrow as pa

    names = [field.name for field in schema if pa.types.is_integer(field.type)]
    return [name for name in names if any(_has_nulls(file, name) for file in files)]


def plain_frame(table: Any, floats: Iterable[str] = ()) -> pd.DataFrame:
    """The frame of an Arrow table. ``floats`` are integers that have nulls in another block.

    Cells of equal text share one Python string.
    """
    texts = [field.name for field in table.schema if _is_text(field.type)]
    rest = table.drop_columns(texts)
    frame = cast(pd.DataFrame, rest.to_pandas(ignore_metadata=True, split_blocks=True))
    for name in frame.columns[[pd.api.types.is_object_dtype(dtype) for dtype in frame.dtypes]]:
        frame[name] = frame[name].where(frame[name].notna(), np.nan)
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        # A fixed offset has no name of its own in every version; give it the one that parses.
        offset = dtype.tz.utcoffset(None) if isinstance(dtype, pd.DatetimeTZDtype) else None
        if offset is not None:
            frame[name] = frame[name].dt.tz_convert(dt.timezone(offset))
    for name in floats:
        frame[name] = frame[name].astype("float64")
    if not texts:
        return frame
    dtypes = table.schema.empty_table().select(texts).to_pandas(ignore_metadata=True).dtypes
    columns = {
        name: pd.array(_shared(table[name]), dtypes[name], copy=False)
        if name in dtypes
        else frame[name]
        for name in table.schema.names
    }
    return pd.DataFrame(columns, copy=False)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _shared(column: Any) -> npt.NDArray[np.object_]:
    """The texts of an Arrow column as Python strings, one for all cells that are equal."""
    coded = column.dictionary_encode().unify_dictionaries()
    parts = [np.empty(0, object)]
    for place, chunk in enumerate(coded.chunks):
        if place == 0:
            texts = np.array([*chunk.dictionary.to_pylist(), np.nan], dtype=object)
        codes = chunk.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
        parts.append(texts[codes])
    return np.concatenate(parts)


def _fitted(table: Any, schema: Any, file: Path) -> Any:
    """``table`` in the types of ``schema``, as widening them for the other files demands."""
    import pyarrow as pa

    try:
        return table.replace_schema_metadata(None).cast(schema)
    except pa.ArrowException as error:
        raise UsageError(
            f"{file}: expected values that fit the types of the other files, got {error}"
        ) from error


def _has_nulls(file: Path, name: str) -> bool:
    """Whether a column has nulls: as the file's statistics say, else its values."""
    from pyarrow import parquet

    with _readable(file), parquet.ParquetFile(file, pre_buffer=False) as opened:
        place = opened.schema_arrow.get_field_index(name)
        groups = [opened.metadata.row_group(i) for i in range(opened.num_row_groups)]
        statistics = [group.column(_leaf(group, name, place)).statistics for group in groups]
        if all(known is not None and known.has_null_count for known in statistics):
            return any(known.null_count for known in statistics)
        return any(batch.column(name).null_count for batch in opened.iter_batches(columns=[name]))


def _leaf(group: Any, name: str, place: int) -> int:
    """The place of a column among the leaves of a row group: nested columns have several."""
    if group.column(place).path_in_schema == name:
        return place
    paths = [group.column(i).path_in_schema for i in range(group.num_columns)]
    return paths.index(name)


def _row_labels(schema: Any) -> list[str]:
    """Columns in which pandas saved an unnamed index: row labels, not data."""
    indexes: Iterable[Any] = (schema.pandas_metadata or {}).get("index_columns", ())
    return [i for i in indexes if isinstance(i, str) and i.startswith("__index_level_")]


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{file}: expected a Parquet file, got {error}") from error
