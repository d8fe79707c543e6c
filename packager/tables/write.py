"""Write rows to new data files of a table, one per partition; no version references them yet."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from urllib.parse import quote

import pyarrow as pa
from deltalake.transaction import AddAction
from pyarrow import fs

from packager.errors import UsageError
from packager.tables.partitions import MAX_PARTITIONS, Values, by_partition, partition_value
from packager.tables.scan import DataFile
from packager.tables.storage import RowFile

_NULL = "__HIVE_DEFAULT_PARTITION__"
"""Folder name of a partition without a value, by Hive's convention."""


def write_files(
    filesystem: fs.FileSystem,
    tables: Iterable[pa.Table],
    schema: pa.Schema,
    partitions: Sequence[str],
    *,
    after: int,
    called: str,
) -> tuple[AddAction, ...]:
    """Write rows to new files: one, or one for each combination of the ``partitions``' values.

    The modification time of each file is later than that of the one before it and than ``after``
    (milliseconds since 1970), even if this machine's clock is behind. All files are removed on an
    error. Raises ``UsageError``, which names ``called``, for values that no partition can have.
    """
    stored = pa.schema([field for field in schema if field.name not in partitions])
    open_files: dict[tuple[str | None, ...], tuple[Values, RowFile]] = {}
    try:
        with ExitStack() as stack:

            def file_of(values: Values) -> RowFile:
                key = tuple(values.values())
                if key not in open_files:
                    if len(open_files) == MAX_PARTITIONS:
                        raise UsageError(
                            f"{called}: expected at most {MAX_PARTITIONS} partitions in one "
                            "commit, got more",
                            "add the rows in parts, each with --append",
                        )
                    file = stack.enter_context(
                        RowFile(filesystem, _new_name(filesystem, values), stored)
                    )
                    open_files[key] = values, file
                return open_files[key][1]

            if not partitions:
                file_of({})
            for table in tables:
                groups = by_partition(table, partitions, called) if partitions else [({}, table)]
                for values, rows in groups:
                    file_of(values).add(rows.select(stored.names))
    except BaseException:
        remove_files(filesystem, [file.name for _, file in open_files.values()])
        raise
    start = max(time.time_ns() // 1_000_000, after + 1)
    return tuple(
        _action(values, file, start + number)
        for number, (values, file) in enumerate(open_files.values())
    )


def _new_name(filesystem: fs.FileSystem, values: Values) -> str:
    """A unique file name, below a folder for each partition column.

    Only the log defines partitions, but some readers parse the folders' names.
    """
    name = f"{uuid.uuid4()}.parquet"
    if not values:
        return name
    parts = [(column, _NULL if text is None else text) for column, text in values.items()]
    folder = "/".join(f"{quote(column, safe='')}={quote(text, safe='')}" for column, text in parts)
    filesystem.create_dir(folder, recursive=True)
    return f"{folder}/{name}"


def remove_files(filesystem: fs.FileSystem, names: Iterable[str]) -> None:
    """Remove files that no version will reference; missing ones are skipped."""
    for name in names:
        if filesystem.get_file_info(name).type != fs.FileType.NotFound:
            filesystem.delete_file(name)


def as_read(actions: Iterable[AddAction], schema: pa.Schema) -> tuple[DataFile, ...]:
    """The files as a reader of the log will see them."""
    return tuple(
        DataFile(
            path=action.path,
            modified=action.modification_time,
            size=action.size,
            partition={
                name: partition_value(text, schema.field(name).type)
                for name, text in action.partition_values.items()
            },
        )
        for action in actions
    )


def _action(values: Values, file: RowFile, modified: int) -> AddAction:
    stats = json.dumps({"numRecords": file.rows})
    return AddAction(file.name, file.size, values, modified, data_change=True, stats=stats)
