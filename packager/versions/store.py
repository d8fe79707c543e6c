"""A table with its history, as a Delta Lake table: locally or in an object store.

Data files are written here, in the order of the rows, one a commit; the commit that names them is
deltalake's, which is atomic and refuses to overwrite what another writer committed meanwhile. A
writer that dies leaves at most files that no version names.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Schema, TableFeatures
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction
from pyarrow.fs import FileType

from packager.data.parquetfiles import plain_frame
from packager.data.stream import rows_of_a_block
from packager.errors import UsageError
from packager.manifest import Fingerprint
from packager.versions.damage import explained, refuse_empty_entries
from packager.versions.files import filesystem, write_rows
from packager.versions.location import Location
from packager.versions.records import Derivation, Version
from packager.versions.told import first_line, told

_KEEP = {
    # History is what this is for: no reader or writer may cut it short.
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
_OTHERS = {"WRITE": "add", "RESTORE": "revert"}
_NO_ROWS = ("CREATE TABLE", "VACUUM START", "VACUUM END", "ADD FEATURE", "SET TBLPROPERTIES")


class Store:
    """One table. What it knows is of the moment it was opened: open it anew to see more."""

    def __init__(self, location: Location, table: DeltaTable) -> None:
        self.location = location
        self._table = table
        self.versions = _versions(table)
        """Oldest first; commits that changed no rows are left out."""

    @classmethod
    def open(cls, location: Location) -> Store:
        """The table there; ``PackageError`` if there is none or it can't be read."""
        try:
            table = DeltaTable(location.uri)
            refuse_empty_entries(location)
            return cls(location, table)
        except TableNotFoundError as error:
            raise UsageError(
                f"{location}: expected a table with versions, got none there",
                "make one with `package data add FILE --table NAME`",
            ) from error
        except (DeltaError, OSError) as error:
            raise explained(location, first_line(error)) from error

    @classmethod
    def exists(cls, location: Location) -> bool:
        """Whether a table lies there."""
        with told(location):
            return DeltaTable.is_deltatable(location.uri)

    @classmethod
    def create(cls, location: Location, schema: pa.Schema) -> Store:
        """A new table without versions; ``UsageError`` where something else lies."""
        if location.path is not None and location.path.exists():
            empty = location.path.is_dir() and not any(location.path.iterdir())
            if not empty and not cls.exists(location):
                raise UsageError(
                    f"{location}: expected an empty place for a new table, got other files there",
                    "name another place with --table",
                )
        with told(location):
            made = DeltaTable.create(
                location.uri, Schema.from_arrow(schema), mode="ignore", configuration=_KEEP
            )
        return cls(location, made)

    @property
    def latest(self) -> Version | None:
        """The version that the table is at; None for a table that has none yet."""
        return self.versions[-1] if self.versions else None

    def version(self, number: int | None) -> Version:
        """A version by number, the latest for None; ``UsageError`` if it isn't there."""
        found = [v for v in self.versions if number in (None, v.number)]
        if not found:
            shown = ", ".join(str(v.number) for v in self.versions[-10:]) or "none"
            raise UsageError(
                f"{self.location}: expected one of its versions, got {number}",
                f"its latest versions are {shown}",
            )
        return found[-1]

    def before(self, version: Version) -> Version | None:
        """The version that one came after: for a revert, the one before what it went back to."""
        while version.reverted_to is not None:
            version = self.version(version.reverted_to)
        older = [found for found in self.versions if found.number < version.number]
        return older[-1] if older else None

    def schema(self, number: int | None = None) -> pa.Schema:
        """The columns of a version, in Arrow's types."""
        return self._dataset(self.version(number).number).schema

    def tables(self, number: int | None = None) -> Iterator[pa.Table]:
        """The rows of a version in their order, in blocks of Arrow; the first may be empty."""
        dataset = self._dataset(self.version(number).number)
        yield dataset.schema.empty_table()
        rows = rows_of_a_block(len(dataset.schema))
        with told(self.location):
            for fragment in sorted(dataset.get_fragments(), key=self._order(number)):
                batches = fragment.to_batches(
                    dataset.schema,
                    batch_size=rows,
                    batch_readahead=1,
                    fragment_readahead=1,
                    use_threads=False,
                )
                for batch in batches:
                    yield pa.Table.from_batches([batch])

    def frames(self, number: int | None = None) -> Iterator[pd.DataFrame]:
        """The rows of a version as ``frames.read`` would have them, in blocks."""
        floats = self.floats(number)
        for table in self.tables(number):
            yield plain_frame(table.replace_schema_metadata(None), floats)

    def floats(self, number: int | None = None) -> list[str]:
        """The integer columns of a version that have nulls: a frame holds them as floats."""
        dataset = self._dataset(self.version(number).number)
        names = [field.name for field in dataset.schema if pa.types.is_integer(field.type)]
        with told(self.location):
            return [name for name in names if dataset.count_rows(filter=pc.field(name).is_null())]

    def write(self, tables: Iterable[pa.Table], schema: pa.Schema) -> AddAction:
        """Write rows to a new file of the table, which no version names yet."""
        name = f"{uuid.uuid4()}.parquet"
        with told(self.location):
            size, rows = write_rows(filesystem(self.location), name, tables, schema)
        stats = json.dumps({"numRecords": rows})
        return AddAction(name, size, {}, time.time_ns() // 1_000_000, data_change=True, stats=stats)

    def discard(self, written: AddAction) -> None:
        """Remove a file that no version will name."""
        with told(self.location):
            filesystem(self.location).delete_file(written.path)

    def commit(
        self,
        written: AddAction,
        schema: pa.Schema,
        message: str,
        author: str,
        fingerprint: Fingerprint,
        *,
        append: bool = False,
        derived: Derivation | None = None,
    ) -> int:
        """Make a version of what was written; its number. ``ConflictError`` if it is too late."""
        what = "derive" if derived else "append" if append else "add"
        facts = _facts(what, message, author, fingerprint, derived)
        with told(self.location):
            self._allow_plain_times(schema)
            self._table.create_write_transaction(
                [written],
                "append" if append else "overwrite",
                Schema.from_arrow(schema),
                commit_properties=CommitProperties(custom_metadata=facts, max_commit_retries=0),
            )
            return Store.open(self.location).versions[-1].number

    def restore(self, number: int, message: str, author: str) -> int:
        """Append a version with the content of an older one; its number."""
        old = self.version(number)
        facts = _facts("revert", message, author, old.fingerprint, old.derived)
        facts["package.reverted_to"] = str(number)
        with told(self.location):
            self._table.restore(
                number,
                commit_properties=CommitProperties(custom_metadata=facts, max_commit_retries=0),
            )
            return Store.open(self.location).versions[-1].number

    def remove_others(self, numbers: Iterable[int], *, dry_run: bool) -> list[str]:
        """Remove data files that none of these versions (nor the latest) has; their names."""
        with told(self.location):
            named = self._table.vacuum(
                retention_hours=0,
                dry_run=dry_run,
                enforce_retention_duration=False,
                keep_versions=sorted({*numbers, self._table.version()}),
                full=False,  # what another writer has not committed yet stays
            )
            if not dry_run:
                return named
            # Files that went long ago are named again.
            infos = filesystem(self.location).get_file_info(named)
        return [info.path for info in infos if info.type != FileType.NotFound]

    def has_rows(self, number: int) -> bool:
        """Whether the rows of a version are all there still."""
        return self._removed(number) is None

    def check_files(self, number: int) -> None:
        """Raise ``PackageError`` if rows of a version have been removed."""
        removed = self._removed(number)
        with told(self.location):
            if removed is not None:
                raise FileNotFoundError(removed)

    def _removed(self, number: int) -> str | None:
        place = filesystem(self.location)
        with told(self.location):
            found = place.get_file_info(list(self.sizes(number)))
        return next((info.path for info in found if info.type == FileType.NotFound), None)

    def sizes(self, number: int) -> dict[str, int]:
        """File name → bytes of everything a version consists of."""
        found = pa.table(self._at(number).get_add_actions(flatten=True))
        return dict(zip(found["path"].to_pylist(), found["size_bytes"].to_pylist(), strict=True))

    def _at(self, number: int) -> DeltaTable:
        with told(self.location):
            return DeltaTable(self.location.uri, version=number)

    def _dataset(self, number: int) -> Any:
        with told(self.location):
            return self._at(number).to_pyarrow_dataset()

    def _order(self, number: int | None) -> Any:
        found = pa.table(self._at(self.version(number).number).get_add_actions(flatten=True))
        times = found["modification_time"].cast(pa.int64()).to_pylist()
        when = dict(zip(found["path"].to_pylist(), times, strict=True))
        return lambda fragment: (when.get(fragment.path, 0), fragment.path)

    def _allow_plain_times(self, schema: pa.Schema) -> None:
        plain = any(pa.types.is_timestamp(f.type) and f.type.tz is None for f in schema)
        features = self._table.protocol().writer_features or []
        if plain and "timestampNtz" not in features:
            self._table.alter.add_feature(
                TableFeatures.TimestampWithoutTimezone, allow_protocol_versions_increase=True
            )


def _facts(
    what: str,
    message: str,
    author: str,
    fingerprint: Fingerprint | None,
    derived: Derivation | None,
) -> dict[str, str]:
    facts = {"package.what": what, "package.message": message, "package.author": author}
    if fingerprint is not None:
        facts["package.fingerprint"] = fingerprint.dump().decode()
    if derived is not None:
        facts["package.derived"] = derived.dump().decode()
    return facts


def _versions(table: DeltaTable) -> tuple[Version, ...]:
    history = [entry for entry in table.history() if entry["operation"] not in _NO_ROWS]
    return tuple(_version(entry) for entry in reversed(history))


def _version(entry: dict[str, Any]) -> Version:
    printed, derived = entry.get("package.fingerprint"), entry.get("package.derived")
    back = entry.get("package.reverted_to")
    return Version(
        number=entry["version"],
        milliseconds=entry.get("timestamp", 0),
        what=entry.get("package.what") or _OTHERS.get(entry["operation"], entry["operation"]),
        message=entry.get("package.message", ""),
        author=entry.get("package.author", ""),
        fingerprint=Fingerprint.model_validate_json(printed) if printed else None,
        derived=Derivation.model_validate_json(derived) if derived else None,
        reverted_to=None if back is None else int(back),
    )
