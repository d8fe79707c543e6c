"""Sources of a version: CSV, Parquet, a folder of one of them, and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from packager.data.null_words import null_words
from packager.data.parquet_files import encoded_tables, integers_with_nulls, parquet_schema
from packager.data.parquet_text import decoded
from packager.data.sources.table import SourceTable
from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions
from packager.tables.arrow_schema import stored_schema
from packager.tables.composed_rows import arrow_table, composed_schema
from packager.tables.labels.store import Labels
from packager.tables.stream import CsvTypes, blocks, csv_types, rows_of_a_block, typed_blocks

_ARROW = {
    "str": pa.string(),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "naive": pa.timestamp("us"),
    "aware": pa.timestamp("us", "UTC"),
    "null": pa.null(),
}


@dataclass(frozen=True)
class RowSource:
    """Rows that can be read repeatedly, as Arrow tables, in blocks."""

    name: str
    """Its name in messages."""
    schema: pa.Schema
    """In Delta's types, except for columns without values, whose type is ``null``."""
    floats: tuple[str, ...]
    """Integer columns with nulls, which a frame stores as floats."""
    files: tuple[FileEntry, ...]
    tables: Callable[[], Iterator[pa.Table]]
    guessed: tuple[str, ...] = ()
    """CSV columns without declared null words: they may contain words read as null."""
    null_words: Callable[[Collection[str]], Mapping[str, Mapping[str, int]]] = lambda _: {}
    """Function from columns to: column → text read as null → number of cells."""
    labels: Labels | None = None
    """Labels of the rows, for a derived table; None: those that the table has."""


def open_source(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> RowSource:
    """The table in a file or a folder; ``UsageError`` if there is none or Delta can't store it."""
    source = SourceTable(path, reader)
    files = source.files.table
    beside = len(source.files.all) > len(files) or source.files.partitions
    if beside or source.files.format == "files":
        return _composed(source)
    entries = tuple(FileEntry.of(file, source.files.name(file)) for file in files)
    if source.files.format == "parquet":
        schema = parquet_schema(files)
        floats = tuple(integers_with_nulls(files, schema))
        stored = _stored_form(schema, str(path))
        return RowSource(str(path), stored, floats, entries, lambda: _parquet(files, schema))
    types = csv_types(path, reader)
    schema = _csv_schema(path, types)

    blank = {name: object for name, kind in types.kinds.items() if kind == "null"}

    def tables() -> Iterator[pa.Table]:
        for frame in typed_blocks(path, types, reader):
            plain = frame.astype(blank)
            yield pa.Table.from_pandas(plain, schema=schema, preserve_index=False)

    stored = _stored_form(schema, str(path))
    guessed = tuple(n for n, kind in types.kinds.items() if kind in ("str", "null"))
    guessed = tuple(name for name in guessed if not reader.says_null(name))
    return RowSource(
        str(path), stored, (), entries, tables, guessed, partial(null_words, files, reader)
    )


def _composed(source: SourceTable) -> RowSource:
    """Rows with arrays, partitions or the bytes of files: as a package of them reads them."""
    files, reader, path = source.files, source.reader, source.path
    table = pa.schema([])
    floats: tuple[str, ...] = ()
    if files.format == "csv":
        table = _csv_schema(path, csv_types(path, reader))
    elif files.format == "parquet":
        table = parquet_schema(files.table)
        floats = (*integers_with_nulls(files.table, table), *source.external.partitions.floats)
    schema = composed_schema(source, table)
    entries = tuple(FileEntry.of(file, files.name(file)) for file in files.all)

    def tables() -> Iterator[pa.Table]:
        for frame in blocks(path, reader):
            yield arrow_table(frame, schema, str(path))

    return RowSource(str(path), _stored_form(schema, str(path)), floats, entries, tables)


def _csv_schema(path: Path, types: CsvTypes) -> pa.Schema:
    """The Arrow types of a CSV table."""
    odd = next((name for name, kind in types.kinds.items() if kind not in _ARROW), None)
    if odd is not None:
        raise UsageError(
            f"{path}: column {odd!r}: expected integers of 64 bits, got larger ones",
            "put a letter before them, so that they are text",
        )
    return pa.schema([(name, _ARROW[kind]) for name, kind in types.kinds.items()])


def _stored_form(schema: pa.Schema, location: str) -> pa.Schema:
    stored = stored_schema(schema, location)
    for index, field in enumerate(schema):
        if pa.types.is_null(field.type):
            stored = stored.set(index, field)
    return stored


def _parquet(files: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    rows = rows_of_a_block(len(schema))
    for file in files:
        for table in encoded_tables(file, schema, rows):
            yield decoded(table, _plain(table, schema), file)


def _plain(table: pa.Table, schema: pa.Schema) -> pa.Schema:
    """The column types of a file, with text typed as in ``schema``."""
    pairs = zip(table.schema, schema, strict=True)
    return pa.schema([w if pa.types.is_dictionary(f.type) else f for f, w in pairs])
