"""Rows → new data files of a table, which no version names yet: one a partition."""

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
"""What the folder of a partition without a value is called, here as everywhere."""


def write_files(
    place: fs.FileSystem,
    tables: Iterable[pa.Table],
    schema: pa.Schema,
    partitions: Sequence[str],
    *,
    after: int,
    called: str,
) -> tuple[AddAction, ...]:
    """Write rows to new files: in one, or in one for each combination of ``partitions``' values.

    A file is read after those before it, and after all that are older than ``after``
    (milliseconds since 1970), whatever this machine's clock says. Nothing stays if it raises:
    ``UsageError``, which names ``called``, for values that no partition can have.
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
                    file = stack.enter_context(RowFile(place, _new_name(place, values), stored))
                    open_files[key] = values, file
                return open_files[key][1]

            if not partitions:
                file_of({})
            for table in tables:
                groups = by_partition(table, partitions, called) if partitions else [({}, table)]
                for values, rows in groups:
                    file_of(values).add(rows.select(stored.names))
    except BaseException:
        remove_files(place, [file.name for _, file in open_files.values()])
        raise
    start = max(time.time_ns() // 1_000_000, after + 1)
    return tuple(
        _action(values, file, start + number)
        for number, (values, file) in enumerate(open_files.values())
    )


def _new_name(place: fs.FileSystem, values: Values) -> str:
    """A name that no file has, below a folder for each partition column.

    The log alone says what a partition is, but some readers look at the folders' names.
    """
    name = f"{uuid.uuid4()}.parquet"
    if not values:
        return name
    parts = [(column, _NULL if text is None else text) for column, text in values.items()]
    folder = "/".join(f"{quote(column, safe='')}={quote(text, safe='')}" for column, text in parts)
    place.create_dir(folder, recursive=True)
    return f"{folder}/{name}"


def remove_files(place: fs.FileSystem, names: Iterable[str]) -> None:
    """Remove files that no version will name; those that are gone are passed over."""
    for name in names:
        if place.get_file_info(name).type != fs.FileType.NotFound:
            place.delete_file(name)


def as_read(actions: Iterable[AddAction], schema: pa.Schema) -> tuple[DataFile, ...]:
    """The files as a reader of the log will take them to be."""
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
