"""The rows of one version of a table, read file by file as its log defines.

A file may lack columns (added later, or partition values), use other column names (column mapping)
or narrower types (type widening), and contain deleted rows (deletion vectors). This module
resolves all of these, in an order that depends only on the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from pyarrow import dataset, fs, parquet

from packager.data.array_fields import own_metadata
from packager.data.memory_limit import fitting_memory
from packager.data.parquet_open import (
    check_footer,
    refuse_large_blocks,
    refuse_large_groups,
)
from packager.data.parquet_text import decoded, is_text
from packager.errors import PackageError
from packager.location import Location
from packager.tables.confinement import check_names
from packager.tables.deletion_vectors import check_vectors
from packager.tables.protocol import Protocol, unreadable
from packager.tables.stream import rows_of_a_block

_PHYSICAL = "delta.columnMapping.physicalName"
_TIMES = "us"
"""Spark's old 96-bit times exceed the range of nanoseconds, Arrow's default."""


@dataclass(frozen=True)
class DataFile:
    """A data file of a version."""

    path: str
    """Relative to the table's folder."""
    modified: int
    """Milliseconds since 1970, set by its writer; rows are read in this order."""
    size: int
    partition: Mapping[str, pa.Scalar]
    kept: pa.BooleanArray | None = None
    """Mask of the rows that the file's deletion vector keeps; None without a vector."""


def protocol_of(table: DeltaTable) -> Protocol:
    """The table's protocol, at the version at which it was opened."""
    protocol, about = table.protocol(), table.metadata()
    return Protocol.of(
        (protocol.min_reader_version, protocol.min_writer_version),
        (protocol.reader_features, protocol.writer_features),
        about.configuration,
        json.loads(table.schema().to_json()),
        about.partition_columns,
    )


class Scan:
    """One version, opened for reading; ``PackageError`` if it needs an unsupported feature."""

    def __init__(
        self,
        location: Location,
        table: DeltaTable,
        filesystem: fs.FileSystem,
        schema: pa.Schema | None = None,
    ) -> None:
        """``schema``: of a version not yet committed, if it differs from the table's."""
        self._location, self._table, self._filesystem = location, table, filesystem
        protocol = protocol_of(table)
        feature = unreadable(protocol)
        if feature is not None:
            raise unreadable_error(location, feature)
        self._partitions = tuple(protocol.partitions)
        logical = pa.schema(table.schema().to_arrow()) if schema is None else schema
        self._mapped = protocol.mapped
        self._physical = [_physical(field) if self._mapped else field for field in logical]
        self._deletes = "deletionVectors" in protocol.reader
        self.schema = pa.schema(
            [pa.field(field.name, field.type, metadata=own_metadata(field)) for field in logical]
        )
        """The columns, in Arrow's types, and which of them are arrays."""

    @cached_property
    def files(self) -> tuple[DataFile, ...]:
        """The data files, in reading order."""
        actions = pa.table(self._table.get_add_actions())
        deleted = self._deletion_vectors() if self._deletes else {}
        files = [
            DataFile(
                path=unquote(path),
                modified=modified,
                size=size,
                partition=self._partition(actions, row),
                kept=deleted.get(path),
            )
            for row, (path, modified, size) in enumerate(_entries(actions))
        ]
        check_names(self._location, (file.path for file in files))
        return tuple(sorted(files, key=lambda file: (file.modified, file.path)))

    def tables(self) -> Iterator[pa.Table]:
        """The rows, in blocks; ``UsageError`` for a block whose text does not fit in memory."""
        for table in self.encoded_tables():
            yield decoded(table, self.schema, self._location)

    def encoded_tables(self, files: Iterable[DataFile] | None = None) -> Iterator[pa.Table]:
        """The rows of ``files`` (None: all), in blocks, with text dictionary-encoded."""
        for file in self.files if files is None else files:
            yield from self._read(file)

    def holed(self) -> list[str]:
        """The integer columns that have nulls."""
        names = [field.name for field in self.schema if pa.types.is_integer(field.type)]
        return [name for name in names if any(self._has_nulls(file, name) for file in self.files)]

    def group_rows(self, file: DataFile) -> list[int]:
        """The number of rows of each row group of a file, without deleted ones."""
        counts = self._stored_rows(file)
        if file.kept is None:
            return counts
        ends = np.cumsum(counts).tolist()
        deleted = np.flatnonzero(~file.kept.to_numpy(zero_copy_only=False))
        gone = np.bincount(np.searchsorted(ends, deleted, "right"), minlength=len(counts))
        return [count - int(less) for count, less in zip(counts, gone, strict=True)]

    def group_tables(self, file: DataFile, group: int) -> Iterator[pa.Table]:
        """The rows of one row group of a file, in blocks, with text dictionary-encoded."""
        first = sum(self._stored_rows(file)[:group])
        return self._read(file, first, [group])

    def _stored_rows(self, file: DataFile) -> list[int]:
        with self._filesystem.open_input_file(file.path) as source:
            check_footer(file.path, source)
            metadata = parquet.read_metadata(source)
        return [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]

    def _read(
        self, file: DataFile, row: int = 0, groups: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """``groups``: the row groups to read, the first of which begins at ``row``; None: all."""
        for batch in self._batches(file, self._stored_fields(), groups):
            start, row = row, row + len(batch)
            if file.kept is not None:
                mask = file.kept[start:row]
                # A vector may end before the file does: rows beyond it are kept.
                rest = pa.repeat(pa.scalar(True), len(batch) - len(mask))
                batch = batch.filter(pa.concat_arrays([mask, rest]))
            yield self._completed(batch, file)

    def _completed(self, batch: pa.RecordBatch, file: DataFile) -> pa.Table:
        """A batch of a file with the table's column names, column order and partition values."""
        columns = []
        for field, stored in zip(self.schema, self._physical, strict=True):
            if field.name in self._partitions:
                columns.append(pa.repeat(file.partition[field.name], len(batch)))
                continue
            column = batch.column(stored.name)
            held_once = pa.types.is_dictionary(column.type)
            columns.append(column.view(field.type) if self._mapped and not held_once else column)
        return pa.Table.from_arrays(columns, names=self.schema.names)

    def _stored_fields(self) -> Sequence[pa.Field]:
        pairs = zip(self.schema, self._physical, strict=True)
        return [
            pa.field(stored.name, stored.type)
            for field, stored in pairs
            if field.name not in self._partitions
        ]

    def _has_nulls(self, file: DataFile, name: str) -> bool:
        if name in self._partitions:
            return not file.partition[name].is_valid
        if file.kept is not None:
            return any(table[name].null_count for table in self._read(file))
        stored = self._physical[self.schema.get_field_index(name)]
        # Counted in the values, because a filter would trust the file's statistics.
        batches = self._batches(file, [pa.field(stored.name, stored.type)])
        return any(batch.column(0).null_count for batch in batches)

    def _batches(
        self, file: DataFile, fields: Sequence[pa.Field], groups: Sequence[int] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """One file in the types of ``fields``, text dictionary-encoded; missing columns are null.

        Raises ``UsageError`` if a block does not fit in memory.
        """
        rows, name = rows_of_a_block(len(self.schema)), f"{self._location}: {file.path}"
        self._refuse_too_large(name, file.path, pa.schema(fields), rows)
        texts = [field.name for field in fields if is_text(field.type)]
        options = dataset.ParquetReadOptions(
            dictionary_columns=texts, coerce_int96_timestamp_unit=_TIMES
        )
        form = dataset.ParquetFileFormat(read_options=options)
        fragment = form.make_fragment(
            file.path,
            filesystem=self._filesystem,
            row_groups=None if groups is None else list(groups),
        )
        # A column that the file doesn't store as text is cast, not dictionary-encoded.
        stored = fragment.physical_schema
        once = [
            name for name in texts if name in stored.names and _is_unrepeated(stored.field(name))
        ]
        read = [f.with_type(_ONCE) if f.name in once else f for f in fields]
        batches = dataset.FileSystemDataset([fragment], pa.schema(read), form, self._filesystem)
        iterator = batches.to_batches(
            batch_size=rows, batch_readahead=1, fragment_readahead=1, use_threads=False
        )
        while True:
            with fitting_memory(name):
                batch = next(iterator, None)
            if batch is None:
                return
            yield batch

    def _refuse_too_large(self, name: str, path: str, schema: pa.Schema, rows: int) -> None:
        with self._filesystem.open_input_file(path) as source, fitting_memory(name):
            refuse_large_groups(name, source, schema)
        refuse_large_blocks(name, schema, rows, lambda: self._filesystem.open_input_file(path))

    def _partition(self, actions: pa.Table, row: int) -> dict[str, pa.Scalar]:
        if not self._partitions:
            return {}
        partition = actions["partition"][row]
        return {
            name: partition[name].cast(self.schema.field(name).type) for name in self._partitions
        }

    def _deletion_vectors(self) -> dict[str, pa.BooleanArray]:
        """Path as in the log → mask of kept rows, for the files that have a vector."""
        check_vectors(self._location, self._filesystem)
        vectors = pa.table(self._table.deletion_vectors())
        top = self._table.table_uri.rstrip("/") + "/"
        return {
            row_index.as_py()
            .removeprefix("file://")
            .removeprefix(top.removeprefix("file://")): rows.values
            for row_index, rows in zip(
                vectors["filepath"], vectors["selection_vector"], strict=True
            )
        }


_ONCE = pa.dictionary(pa.int32(), pa.string())


def _is_unrepeated(field: pa.Field) -> bool:
    return bool(field.type == _ONCE)


def unreadable_error(location: Location, feature: str) -> PackageError:
    """The error for a table with a feature that can't be read here."""
    return PackageError(
        f"{location}: the table needs {feature}, a Delta feature that this program doesn't read",
        "have the program that made it write its rows to a table without this feature, or to "
        "Parquet files; docs/data.md lists what is read",
    )


def unwritable_error(location: Location, feature: str, *, append: bool) -> PackageError:
    """The error for a table with a feature that can't be written here."""
    also = "" if append or feature != "appendOnly" else "add rows with --append, or "
    return PackageError(
        f"{location}: the table needs {feature}, a Delta feature that this program doesn't write",
        f"{also}name a table of your own with --table; docs/data.md lists what is written",
    )


def _entries(actions: pa.Table) -> Iterator[tuple[str, int, int]]:
    """Path as in the log, modification time in milliseconds, and bytes of each file."""
    times = actions["modification_time"].cast(pa.int64())
    columns = (actions["path"], times, actions["size_bytes"])
    return zip(*(column.to_pylist() for column in columns), strict=True)


def _physical(field: pa.Field) -> pa.Field:
    """A column with the names that files use for it and for its nested fields."""
    metadata = field.metadata or {}
    name = metadata.get(_PHYSICAL.encode(), field.name.encode()).decode()
    return pa.field(name, _physical_type(field.type))


def _physical_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([_physical(field) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(_physical_type(kind.value_type))
    if pa.types.is_map(kind):
        return pa.map_(_physical_type(kind.key_type), _physical_type(kind.item_type))
    return kind
