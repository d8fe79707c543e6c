"""Files of a table, local or in a store, and Parquet whose bytes depend only on the rows."""

from __future__ import annotations

import contextlib
import json
import math
import uuid
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs, parquet

from packager.data.array_fields import field_dtype
from packager.errors import PackageError
from packager.location import Location

MAX_JSON_BYTES = 1 << 20
_CELLS = 1 << 22  # per row group, which bounds the memory
_CELLS_OF_FILE = 1 << 16  # what the bytes of a file count as


def filesystem(location: Location) -> fs.FileSystem:
    """The table's folder as a file system."""
    if location.path is not None:
        return fs.SubTreeFileSystem(str(location.path), fs.LocalFileSystem())
    return fs.PyFileSystem(DeltaStorageHandler(location.uri))


def write_rows(
    storage: fs.FileSystem, name: str, tables: Iterable[pa.Table], schema: pa.Schema
) -> tuple[int, int]:
    """Write rows to a Parquet file; return (bytes, rows). The file is removed on failure.

    Equal rows give equal bytes (under one version of pyarrow, which the format records).
    """
    with RowFile(storage, name, schema) as file:
        for table in tables:
            file.add(table)
    return file.size, file.rows


class RowFile:
    """A Parquet file open for adding rows; removed if the ``with`` block raises.

    Row groups are cut by row count, independent of the blocks added.
    """

    size = 0
    """Bytes, once it is complete."""

    def __init__(self, storage: fs.FileSystem, name: str, schema: pa.Schema) -> None:
        self.name = name
        self.rows = 0
        self._filesystem, self._schema = storage, schema
        arrays = [dtype for field in schema if (dtype := field_dtype(field)) is not None]
        self._declares = bool(arrays)
        cells = len(schema) + sum(math.prod(dtype.shape) for dtype in arrays)
        least = 1 if arrays else 1024
        if any(pa.types.is_binary(field.type) for field in schema):
            cells = max(cells, _CELLS_OF_FILE)
            least = 1
        self._group = max(least, min(1 << 17, _CELLS // max(cells, 1)))
        self._waiting: list[pa.Table] = []
        self._held = 0

    def __enter__(self) -> RowFile:
        self._sink = self._filesystem.open_output_stream(self.name)
        self._writer = parquet.ParquetWriter(
            self._sink, self._schema, compression="zstd", version="2.6", store_schema=self._declares
        )
        return self

    def add(self, table: pa.Table) -> None:
        """Add rows, in the columns and types of the schema."""
        self._waiting.append(table.replace_schema_metadata(None))
        self._held += len(table)
        self.rows += len(table)
        while self._held >= self._group:
            joined = pa.concat_tables(self._waiting).combine_chunks()
            self._writer.write_table(joined.slice(0, self._group), row_group_size=self._group)
            self._waiting, self._held = [joined.slice(self._group)], self._held - self._group

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self._remove()
            return
        try:
            if self._held or not self.rows:
                joined = pa.concat_tables([self._schema.empty_table(), *self._waiting])
                self._writer.write_table(joined.combine_chunks(), row_group_size=self._group)
            self._writer.close()
            self._sink.close()
            self.size = self._filesystem.get_file_info(self.name).size
        except BaseException:
            self._remove()
            raise

    def _remove(self) -> None:
        # Closing may fail after an error; the first error is the one to report.
        with contextlib.suppress(Exception):
            self._writer.close()
        with contextlib.suppress(Exception):
            self._sink.close()
        if self._filesystem.get_file_info(self.name).type != fs.FileType.NotFound:
            self._filesystem.delete_file(self.name)


def read_json(storage: fs.FileSystem, folder: str) -> dict[str, Any]:
    """File name → content of every JSON file in a folder of the table, if there is one."""
    selector = fs.FileSelector(folder, allow_not_found=True)
    names = sorted(info.path for info in storage.get_file_info(selector))
    documents = {}
    for name in names:
        base = name.rpartition("/")[2]
        if base.endswith(".json") and not base.startswith("."):
            with storage.open_input_stream(name) as stream:
                text = stream.read(MAX_JSON_BYTES)
            try:
                documents[base] = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise PackageError(
                    f"{name}: expected JSON of at most {MAX_JSON_BYTES} bytes, got something else",
                    "remove this file; `gc` may then remove the versions that it pins",
                ) from error
    return documents


def write_json(storage: fs.FileSystem, folder: str, name: str, content: dict[str, Any]) -> None:
    """Write one small JSON file atomically; its name must be derived from its content.

    Concurrent writers use separate temporary files; readers ignore those of killed writers.
    """
    scratch = f"{folder}/.{uuid.uuid4()}"
    storage.create_dir(folder, recursive=True)
    try:
        # Buffered, because deltalake's file accepts only bytes.
        with storage.open_output_stream(scratch, buffer_size=1 << 16) as stream:
            stream.write(json.dumps(content, sort_keys=True).encode())
        storage.move(scratch, f"{folder}/{name}")
    except BaseException:
        if storage.get_file_info(scratch).type != fs.FileType.NotFound:
            storage.delete_file(scratch)
        raise
