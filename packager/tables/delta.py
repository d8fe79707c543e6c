"""A table with its history, as a Delta Lake table: locally or in an object store.

This module writes the data files, in the order of the rows; deltalake makes the commit that
references them, which is atomic and fails if another writer committed meanwhile. An interrupted
writer leaves at most files that no version references.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, TableFeatures
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction
from pyarrow.fs import FileType

from packager.errors import UsageError
from packager.location import Location
from packager.tables.checkpoints import check_checkpoints
from packager.tables.commits import CREATED, Authorship, facts_of, versions_of
from packager.tables.confinement import check_folder, check_names
from packager.tables.corruption import complete_entries, diagnose
from packager.tables.errors import first_line, translate_errors
from packager.tables.labels.records import LABEL
from packager.tables.protocol import unwritable
from packager.tables.records import Version
from packager.tables.scan import DataFile, Scan, protocol_of, unwritable_error
from packager.tables.storage import filesystem
from packager.tables.stored_frame import stored_frame
from packager.tables.write import as_read, remove_files, write_files

KEEP = {  # of new tables: no reader or writer may expire the history
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
_IMPLIED = {
    "appendOnly": TableFeatures.AppendOnly,
    "invariants": TableFeatures.Invariants,
    "checkConstraints": TableFeatures.CheckConstraints,
    "changeDataFeed": TableFeatures.ChangeDataFeed,
    "generatedColumns": TableFeatures.GeneratedColumns,
    "columnMapping": TableFeatures.ColumnMapping,
}
"""Features that legacy versions imply, as deltalake names them."""


class VersionedTable:
    """One table, as of the moment it was opened: open it again to see later commits."""

    def __init__(self, location: Location, table: DeltaTable, commits: Mapping[int, int]) -> None:
        self.location = location
        self._table = table
        self._protocol = protocol_of(table)
        self.versions = versions_of(table, commits, self._has_files)
        """Oldest first; commits that changed no rows are left out."""

    @classmethod
    def open(cls, location: Location) -> VersionedTable:
        """Open a table; ``UsageError`` if there is none, ``PackageError`` if it can't be read."""
        check_folder(location)
        try:
            check_checkpoints(location, filesystem(location))
            table = DeltaTable(location.uri)
            return cls(location, table, complete_entries(location))
        except TableNotFoundError as error:
            raise UsageError(
                f"{location}: expected a table with versions, got none there",
                "make one with `package data add FILE --table NAME`",
            ) from error
        except (DeltaError, OSError) as error:
            raise diagnose(location, first_line(error)) from error

    @classmethod
    def exists(cls, location: Location) -> bool:
        """Whether there is a table at ``location``."""
        check_folder(location)
        with translate_errors(location):
            return DeltaTable.is_deltatable(location.uri)

    @classmethod
    def create(cls, location: Location, schema: pa.Schema) -> VersionedTable:
        """Create a table without versions; ``UsageError`` if other files are there."""
        if location.path is not None and location.path.exists():
            empty = location.path.is_dir() and not any(location.path.iterdir())
            if not empty and not cls.exists(location):
                raise UsageError(
                    f"{location}: expected an empty folder for a new table, got one with files",
                    "name another folder with --table",
                )
        with translate_errors(location):
            DeltaTable.create(
                location.uri,
                Schema.from_arrow(schema),
                mode="ignore",
                configuration=KEEP,
                commit_properties=CommitProperties(custom_metadata={**CREATED}),
            )
        return cls.open(location)

    @property
    def latest(self) -> Version | None:
        """The current version; None for a table without versions."""
        return self.versions[-1] if self.versions else None

    def version(self, number: int | None) -> Version:
        """A version by number, the latest for None; ``UsageError`` if it doesn't exist."""
        matches = [v for v in self.versions if number in (None, v.number)]
        if not matches:
            shown = ", ".join(str(v.number) for v in self.versions[-10:]) or "none"
            raise UsageError(
                f"{self.location}: expected one of its versions, got {number}",
                f"its latest versions are {shown}",
            )
        return matches[-1]

    def before(self, version: Version) -> Version | None:
        """The predecessor of a version's rows; of a revert, that of the restored version."""
        while version.reverted_to is not None:
            version = self.version(version.reverted_to)
        older = [candidate for candidate in self.versions if candidate.number < version.number]
        if older and version.operation == LABEL:  # the same rows, with other labels
            return self.before(older[-1])
        return older[-1] if older else None

    def schema(self, number: int | None = None) -> pa.Schema:
        """The columns of a version, in Arrow's types."""
        return self.scan(number).schema

    def tables(self, number: int | None = None) -> Iterator[pa.Table]:
        """The rows of a version in their order, as blocks of Arrow; the first is empty."""
        scan = self.scan(number)
        yield scan.schema.empty_table()
        with translate_errors(self.location):
            yield from scan.tables()

    def frames(self, number: int | None = None) -> Iterator[pd.DataFrame]:
        """The rows of a version in blocks, with the types that ``frames.read`` gives them."""
        floats, scan = self.floats(number), self.scan(number)
        yield stored_frame(scan.schema.empty_table(), floats)
        with translate_errors(self.location):
            for table in scan.encoded_tables():
                yield stored_frame(table, floats, scan.schema)

    def floats(self, number: int | None = None) -> list[str]:
        """The integer columns of a version that have nulls; a frame stores them as floats."""
        scan = self.scan(number)
        with translate_errors(self.location):
            return scan.holed()

    def check_writable(self, *, append: bool) -> None:
        """Raise ``PackageError`` if a feature of the table prevents a commit.

        More features prevent a commit that removes rows than one that only ``append``s.
        """
        feature = unwritable(self._protocol, append=append)
        if feature is not None:
            raise unwritable_error(self.location, feature, append=append)

    @property
    def required(self) -> frozenset[str]:
        """The columns that the table's schema declares NOT NULL."""
        return self._protocol.required

    @property
    def partitions(self) -> tuple[str, ...]:
        """The partition columns."""
        return tuple(self._protocol.partitions)

    def write(self, tables: Iterable[pa.Table], schema: pa.Schema) -> tuple[AddAction, ...]:
        """Write rows to new files of the table, which no version references yet."""
        with translate_errors(self.location):
            held = self.scan(None).files if self.latest else ()
            newest = max((file.modified for file in held), default=0)
            files, called = filesystem(self.location), str(self.location)
            return write_files(files, tables, schema, self.partitions, after=newest, called=called)

    def frames_of(
        self, written: Iterable[AddAction], schema: pa.Schema, floats: Sequence[str]
    ) -> Iterator[pd.DataFrame]:
        """The rows of files just written, as a reader of the committed version will get them."""
        with translate_errors(self.location):
            scan = Scan(self.location, self._table, filesystem(self.location), schema)
            for table in scan.encoded_tables(as_read(written, schema)):
                yield stored_frame(table, floats, scan.schema)

    def discard(self, written: Iterable[AddAction]) -> None:
        """Remove files that no version will reference."""
        with translate_errors(self.location):
            remove_files(filesystem(self.location), [action.path for action in written])

    def commit(
        self,
        written: Sequence[AddAction],
        schema: pa.Schema,
        facts: dict[str, str],
        *,
        append: bool = False,
    ) -> int:
        """Commit written files, return the version's number; ``ConflictError`` on a conflict."""
        with translate_errors(self.location):
            self._allow_plain_times(schema)
            number = self._table.version() + 1
            self._table.create_write_transaction(
                list(written),
                "append" if append else "overwrite",
                self._table.schema() if append else self._delta_schema(schema),
                partition_by=list(self.partitions) or None,
                commit_properties=CommitProperties(custom_metadata=facts, max_commit_retries=0),
            )
        return number

    def restore(self, number: int, message: str, author: str) -> int:
        """Append a version with the content of an older one; return its number."""
        old = self.version(number)
        facts = facts_of("revert", Authorship(message, author), old.fingerprint, old.derived)
        facts["package.reverted_to"] = str(number)
        with translate_errors(self.location):
            self._table.restore(
                number,
                commit_properties=CommitProperties(custom_metadata=facts, max_commit_retries=0),
            )
            return VersionedTable.open(self.location).versions[-1].number

    def remove_others(self, numbers: Iterable[int], *, dry_run: bool) -> list[str]:
        """Remove data files of none of these versions (nor the latest); return their names."""
        with translate_errors(self.location):
            vacuum = partial(
                self._table.vacuum,
                retention_hours=0,
                enforce_retention_duration=False,
                keep_versions=sorted({*numbers, self._table.version()}),
                full=False,  # keeps files that another writer has not committed yet
            )
            named = vacuum(dry_run=True)
            check_names(self.location, named)
            if not dry_run:
                return vacuum(dry_run=False)
            # deltalake also lists files that were removed earlier.
            infos = filesystem(self.location).get_file_info(named)
        return [info.path for info in infos if info.type != FileType.NotFound]

    def has_rows(self, number: int) -> bool:
        """Whether all data files of a version still exist."""
        return self._removed(number) is None

    def check_files(self, number: int) -> None:
        """Raise ``PackageError`` if data files of a version were removed."""
        removed = self._removed(number)
        with translate_errors(self.location):
            if removed is not None:
                raise FileNotFoundError(removed)

    def _removed(self, number: int) -> str | None:
        storage = filesystem(self.location)
        with translate_errors(self.location):
            infos = storage.get_file_info(list(self.sizes(number)))
        return next((info.path for info in infos if info.type == FileType.NotFound), None)

    def sizes(self, number: int) -> dict[str, int]:
        """File name → bytes of every data file of a version."""
        return {file.path: file.size for file in self.files(number)}

    def files(self, number: int) -> tuple[DataFile, ...]:
        """The data files of a version, in the order of its rows."""
        scan = self.scan(number)
        with translate_errors(self.location):
            return scan.files

    def _has_files(self, number: int) -> bool:
        check_checkpoints(self.location, filesystem(self.location), number)
        return bool(DeltaTable(self.location.uri, version=number).file_uris())

    def scan(self, number: int | None) -> Scan:
        """A version, opened for reading."""
        exact = self.version(number).number
        with translate_errors(self.location):
            check_checkpoints(self.location, filesystem(self.location), exact)
            table = DeltaTable(self.location.uri, version=exact)
            return Scan(self.location, table, filesystem(self.location))

    def _delta_schema(self, schema: pa.Schema) -> Schema:
        """``schema`` in Delta's types; unchanged columns keep their metadata."""
        known = {field.name: field for field in self._table.schema().fields}
        fields = Schema.from_arrow(schema).fields
        existing = [known.get(field.name, field) for field in fields]
        return Schema([o if o.type == n.type else n for o, n in zip(existing, fields, strict=True)])

    def _allow_plain_times(self, schema: pa.Schema) -> None:
        plain = any(pa.types.is_timestamp(f.type) and f.type.tz is None for f in schema)
        if plain and "timestampNtz" not in self._protocol.writer:
            # The new protocol lists features: add those that the old version implied.
            implied = [_IMPLIED[name] for name in sorted(self._protocol.writer & {*_IMPLIED})]
            self._table.alter.add_feature(
                [*implied, TableFeatures.TimestampWithoutTimezone],
                allow_protocol_versions_increase=True,
            )
