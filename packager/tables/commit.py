"""Make a version of a table: check, fingerprint, compare with the previous one, commit."""

from __future__ import annotations

import copy
import getpass
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from deltalake.transaction import AddAction

from packager.data.drift import ColumnDrift
from packager.data.fingerprint import Fingerprinter
from packager.data.row_overlap import Rows, compare_rows
from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.manifest.manifest import Fingerprint
from packager.tables.arrow_schema import (
    agreed_schema,
    fit,
    refuse_nulls,
    refuse_same_but_case,
    stored_schema,
)
from packager.tables.commits import Authorship, facts_of, label_facts
from packager.tables.delta import VersionedTable
from packager.tables.errors import retried
from packager.tables.labels.store import discard_labels, write_labels
from packager.tables.null_words import refuse_lost_words
from packager.tables.records import Derivation, Version, content_of
from packager.tables.scan import DataFile
from packager.tables.source import RowSource
from packager.tables.stored_frame import stored_frame
from packager.tables.summary import Summary, column_drifts, summarise
from packager.tables.write import as_read


@dataclass(frozen=True)
class CommitResult:
    """The result of a commit."""

    version: Version
    unchanged: bool
    """The table already held exactly these rows; nothing was committed."""
    before: Version | None
    """The version that was compared with; None for a first version."""
    new_columns: tuple[str, ...]
    gone_columns: tuple[str, ...]
    rows: Rows | None
    """Equal, reordered or different, and the overlap; None without an earlier fingerprint."""
    drift: tuple[ColumnDrift, ...]
    """Drift of every column that both versions have, largest first."""
    leakage: str | None = None
    """Report on leakage between the sides of the project's split; None if it wasn't checked."""


def author() -> str:
    """The name of the system's user; empty if there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        return ""


def commit_rows(
    source: RowSource,
    location: Location,
    message: str,
    by: str,
    *,
    change: bool = False,
    append: bool = False,
) -> CommitResult:
    """Commit the rows of ``source`` as the table's next version, a new table if there is none.

    ``append`` adds them after the existing rows; ``change`` accepts other columns. Retries if
    another writer commits in between, at most 5 attempts; then ``ConflictError``.
    """
    authorship = Authorship(message, by, change)
    return retried(lambda: _add(source, location, authorship, append=append))


def commit_derived(
    source: RowSource, location: Location, authorship: Authorship, derived: Derivation
) -> CommitResult:
    """Commit the rows of ``source`` in place of the table's, and record their derivation."""
    return retried(lambda: _add(source, location, authorship, derived=derived))


def _add(
    source: RowSource,
    location: Location,
    authorship: Authorship,
    *,
    append: bool = False,
    derived: Derivation | None = None,
) -> CommitResult:
    store = VersionedTable.open(location) if VersionedTable.exists(location) else None
    before = store.latest if store else None
    append = append and before is not None
    if store is not None:
        store.check_writable(append=append or before is None)
    schema = _schema(source, store, before, change=authorship.change, append=append)
    if store is not None and before is not None:
        refuse_lost_words(source, store, before.number)
    plan = _Plan(source, schema, store if append else None, store.required if store else ())
    summary = summarise(plan.frames())
    printed = plan.printed
    held = before.fingerprint if before and derived is None else None
    if before and held and content_of(printed) == content_of(held):
        return _compared(before, before, None, summary, printed, unchanged=True)
    old = summarise(store.frames(before.number)) if store and before else None
    if store is None:
        store = VersionedTable.create(location, schema)
    written = store.write(plan.checked(printed), schema)
    labels = None
    try:
        # Verified before the commit, so that no version holds rows that were written wrongly.
        stored = plan.check_written(store.frames_of(written, schema, plan.floats), store, printed)
        if before and held and content_of(stored) == content_of(held):
            store.discard(written)
            return _compared(before, before, None, summary, stored, unchanged=True)
        what = "derive" if derived else "append" if append else "add"
        facts = facts_of(what, authorship, stored, derived)
        labels = write_labels(location, source.labels) if source.labels else None
        facts |= label_facts(labels)
        number = store.commit(written, schema, facts, append=append)
    except BaseException:
        # A commit interrupted by a signal may have succeeded: then a version owns the files.
        if not {action.path for action in written} & _files(location):
            store.discard(written)
        if labels is not None:
            discard_labels(location, labels, VersionedTable.open(location).versions)
        raise
    committed = VersionedTable.open(location)
    _check_committed(committed, number, written, schema)
    return _compared(committed.version(number), before, old, summary, stored)


def _files(location: Location) -> set[str]:
    store = VersionedTable.open(location)
    return set(store.sizes(store.latest.number)) if store.latest else set()


def _check_committed(
    store: VersionedTable, number: int, written: Sequence[AddAction], schema: pa.Schema
) -> None:
    """Raise ``PackageError`` if the log describes the new files or the schema incorrectly.

    The previous version is restored first.
    """
    meant = {file.path: _file_identity(file) for file in as_read(written, schema)}
    actual = {file.path: _file_identity(file) for file in store.files(number) if file.path in meant}
    if store.schema(number) == schema and actual == meant:
        return
    older = store.before(store.version(number))
    if older is not None:
        store.restore(older.number, f"version {number} was written wrongly", author())
    raise PackageError(
        f"{store.location}: the log entry of version {number} differs from what was written",
        "the previous version was restored; report this with the deltalake and pyarrow versions",
    )


def _file_identity(file: DataFile) -> tuple[int, int, dict[str, str]]:
    # As text, because NaN does not equal itself.
    values = {name: str(value) for name, value in file.partition.items()}
    return file.size, file.modified, values


def _schema(
    source: RowSource,
    store: VersionedTable | None,
    before: Version | None,
    *,
    change: bool,
    append: bool,
) -> pa.Schema:
    refuse_same_but_case(source.schema.names, source.name)
    if store is None or before is None:
        return stored_schema(source.schema, source.name)
    now = store.schema(before.number)
    location = str(store.location)
    agreed = agreed_schema(now, source.schema, location, change=change, append=append)
    gone = [name for name in store.partitions if name not in agreed.names]
    if gone:
        raise UsageError(
            f"{location}: expected its partition column {gone[0]!r} among the columns, got none",
            "keep the column, or make a new table with --table",
        )
    return stored_schema(agreed, source.name)


class _Plan:
    """The rows of the next version: those of the source in the table's types."""

    def __init__(
        self,
        source: RowSource,
        schema: pa.Schema,
        after: VersionedTable | None,
        required: Collection[str],
    ) -> None:
        self._source, self._schema, self._after = source, schema, after
        self._required = [name for name in schema.names if name in required]
        blank = [f.name for f in source.schema if pa.types.is_null(f.type)]
        holed = {*source.floats, *blank, *(after.floats() if after else ())}
        self.floats = [f.name for f in schema if f.name in holed and pa.types.is_integer(f.type)]
        """The integer columns that a frame of these rows stores as floats."""
        self._printer = Fingerprinter()
        self._before = Fingerprinter()

    @property
    def printed(self) -> Fingerprint:
        """The fingerprint of the rows that ``frames`` yielded."""
        return self._printer.result(self._source.files)

    def frames(self) -> Iterator[pd.DataFrame]:
        """Yield every row of the version, and fingerprint it."""
        yield stored_frame(self._schema.empty_table(), self.floats)
        for table in self._after.tables() if self._after else ():
            yield self._noted(table)
        for table in self._tables():
            yield self._noted(table)

    def checked(self, printed: Fingerprint) -> Iterator[pa.Table]:
        """Yield the new rows to write; ``UsageError`` if they differ from those fingerprinted."""
        again = Fingerprinter()
        for table in self._after.tables() if self._after else ():
            again.update(stored_frame(table, self.floats, self._schema))
        self._before = copy.deepcopy(again)
        for table in self._tables():
            again.update(stored_frame(table, self.floats, self._schema))
            yield table
        if printed.row_count and again.result(printed.files) != printed:
            raise UsageError(
                f"{self._source.name}: it was changed while it was read",
                "wait until the program that writes it has finished, then add it again",
            )

    def check_written(
        self, frames: Iterable[pd.DataFrame], store: VersionedTable, printed: Fingerprint
    ) -> Fingerprint:
        """The fingerprint of the version, with its new rows as ``frames`` read them from the files.

        Partitioning may reorder rows. Raises ``PackageError``, naming the columns, if anything else
        differs from ``printed``.
        """
        self._before.update(stored_frame(self._schema.empty_table(), self.floats))
        for frame in frames:
            self._before.update(frame)
        reread = self._before.result(printed.files)
        known = {"ordered": reread.ordered} if store.partitions else {}
        expected = printed.model_copy(update=known)
        if reread != expected and printed.row_count:
            known = reread.columns
            odd = [name for name, value in printed.columns.items() if known.get(name) != value]
            raise PackageError(
                f"{store.location}: the written rows are read back differently, in "
                f"{', '.join(map(repr, odd)) or 'the order of its rows'}: nothing was committed",
                "try again; if it stays so, the disk is failing or a library has a bug: "
                "report it with the versions of deltalake and pyarrow",
            )
        return reread

    def _tables(self) -> Iterator[pa.Table]:
        for table in self._source.tables():
            fitted = fit(table.replace_schema_metadata(None), self._schema, self._source.name)
            refuse_nulls(fitted, self._required, self._source.name)
            yield fitted

    def _noted(self, table: pa.Table) -> pd.DataFrame:
        frame = stored_frame(table, self.floats, self._schema)
        self._printer.update(frame)
        return frame


def _compared(
    version: Version,
    before: Version | None,
    old: Summary | None,
    new: Summary,
    printed: Fingerprint,
    *,
    unchanged: bool = False,
) -> CommitResult:
    rows = None
    if before is not None and before.fingerprint is not None:
        rows = compare_rows(before.fingerprint, printed)
    return CommitResult(
        version=version,
        unchanged=unchanged,
        before=before,
        new_columns=tuple(n for n in new.columns if old is not None and n not in old.columns),
        gone_columns=tuple(n for n in old.columns if n not in new.columns) if old else (),
        rows=rows,
        drift=tuple(column_drifts(old, new)) if old else (),
    )
