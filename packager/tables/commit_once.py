"""Adds data files that are already in a table's folder, once, however often it is asked.

The commit has a transaction identifier of Delta's protocol: a table that has it holds the files.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.transaction import AddAction, create_table_with_add_actions

from packager.errors import UsageError
from packager.location import Location
from packager.tables.commits import Authorship, facts_of
from packager.tables.delta import KEEP, VersionedTable
from packager.tables.errors import retried, translate_errors

_VERSION = 1


@dataclass(frozen=True)
class WrittenFile:
    """A Parquet file in the folder of a table."""

    name: str
    bytes: int
    rows: int


def check_appendable(location: Location, schema: pa.Schema) -> None:
    """Raise ``UsageError`` unless rows of ``schema`` can be added at ``location``."""
    if not VersionedTable.exists(location):
        return
    store = VersionedTable.open(location)
    store.check_writable(append=True)
    now = store.schema()
    if now != schema or store.partitions:
        layout = "partitions" if store.partitions else f"columns {', '.join(map(_shown, now))}"
        raise UsageError(
            f"{location}: expected a table with the columns {', '.join(map(_shown, schema))}, "
            f"got one with {layout}",
            "name a new folder with --output",
        )


def commit_once(
    location: Location,
    files: Sequence[WrittenFile],
    schema: pa.Schema,
    identifier: str,
    message: str,
) -> bool:
    """Commit ``files`` in this order, in a new table if there is none; whether it was needed.

    Raises ``ConflictError`` if other writers are faster five times.
    """
    return retried(lambda: _commit(location, files, schema, identifier, message))


def _commit(
    location: Location,
    files: Sequence[WrittenFile],
    schema: pa.Schema,
    identifier: str,
    message: str,
) -> bool:
    facts = facts_of("append", Authorship(message, ""), None, None)
    properties = CommitProperties(
        custom_metadata=facts,
        max_commit_retries=0,
        app_transactions=[Transaction(identifier, _VERSION, int(time.time() * 1000))],
    )
    exists = VersionedTable.exists(location)
    with translate_errors(location):
        if not exists:
            actions = _actions(files, 0)
            create_table_with_add_actions(
                location.uri,
                Schema.from_arrow(schema),
                actions,
                configuration=KEEP,
                commit_properties=properties,
            )
            return True
        table = DeltaTable(location.uri)
        if table.transaction_version(identifier) is not None:
            return False
    store = VersionedTable.open(location)
    newest = max((file.modified for file in store.files(store.version(None).number)), default=0)
    with translate_errors(location):
        table.create_write_transaction(
            [*_actions(files, newest)], "append", table.schema(), commit_properties=properties
        )
    return True


def _actions(files: Sequence[WrittenFile], after: int) -> list[AddAction]:
    """Modification times are later than ``after`` and ascend: rows are read in their order."""
    start = max(time.time_ns() // 1_000_000, after + 1)
    return [
        AddAction(one.name, one.bytes, {}, start + at, True, json.dumps({"numRecords": one.rows}))
        for at, one in enumerate(files)
    ]


def _shown(field: pa.Field) -> str:
    return f"{field.name} ({field.type})"
