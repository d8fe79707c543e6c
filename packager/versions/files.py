"""Files of a table, wherever it lies, and Parquet whose bytes depend on the rows only."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs, parquet

from packager.versions.location import Location

_CELLS = 1 << 22  # of a row group: memory stays flat


def filesystem(location: Location) -> fs.FileSystem:
    """The table's folder as a file system of its own."""
    if location.path is not None:
        return fs.SubTreeFileSystem(str(location.path), fs.LocalFileSystem())
    return fs.PyFileSystem(DeltaStorageHandler(location.uri))


def write_rows(
    place: fs.FileSystem, name: str, tables: Iterable[pa.Table], schema: pa.Schema
) -> tuple[int, int]:
    """Write rows to a Parquet file: (bytes, rows). It is removed again if that fails.

    Row groups are cut by count, whatever blocks the rows come in: equal rows, equal bytes (of
    one version of pyarrow, whose name the format wants inside).
    """
    try:
        with place.open_output_stream(name) as sink:
            rows = _write(sink, tables, schema)
        return place.get_file_info(name).size, rows
    except BaseException:
        if place.get_file_info(name).type != fs.FileType.NotFound:
            place.delete_file(name)
        raise


def _write(sink: Any, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
    waiting: list[pa.Table] = []
    held = rows = 0
    group = max(1024, min(1 << 17, _CELLS // max(len(schema), 1)))
    with parquet.ParquetWriter(
        sink, schema, compression="zstd", version="2.6", store_schema=False
    ) as writer:
        for table in tables:
            waiting.append(table.replace_schema_metadata(None))
            held += len(table)
            rows += len(table)
            while held >= group:
                joined = pa.concat_tables(waiting).combine_chunks()
                writer.write_table(joined.slice(0, group), row_group_size=group)
                waiting, held = [joined.slice(group)], held - group
        if held or not rows:
            joined = pa.concat_tables([schema.empty_table(), *waiting]).combine_chunks()
            writer.write_table(joined, row_group_size=group)
    return rows


def read_json(place: fs.FileSystem, folder: str) -> dict[str, Any]:
    """File name → content of every JSON file in a folder of the table, if there is one."""
    chosen = fs.FileSelector(folder, allow_not_found=True)
    names = sorted(info.path for info in place.get_file_info(chosen))
    found = {}
    for name in names:
        base = name.rpartition("/")[2]
        if base.endswith(".json") and not base.startswith("."):
            with place.open_input_stream(name) as stream:
                found[base] = json.loads(stream.read())
    return found


def write_json(place: fs.FileSystem, folder: str, name: str, content: dict[str, Any]) -> None:
    """Write one small JSON file whole; a name stands for its content, so none is overwritten.

    Writers at once each have a scratch file of their own; what a killed one left is passed over.
    """
    scratch = f"{folder}/.{uuid.uuid4()}"
    place.create_dir(folder, recursive=True)
    try:
        # Buffered, because deltalake's file takes bytes and nothing else.
        with place.open_output_stream(scratch, buffer_size=1 << 16) as stream:
            stream.write(json.dumps(content, sort_keys=True).encode())
        place.move(scratch, f"{folder}/{name}")
    except BaseException:
        if place.get_file_info(scratch).type != fs.FileType.NotFound:
            place.delete_file(scratch)
        raise
