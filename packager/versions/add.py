"""Make a version of a table: checked, fingerprinted, compared with the one before, committed."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from packager.data.drift import ColumnDrift
from packager.data.fingerprint import Fingerprinter
from packager.data.parquetfiles import plain_frame
from packager.data.summary import Summary, drifts, summarise
from packager.diff_nouns import Rows
from packager.diff_rows import compare_rows
from packager.errors import UsageError
from packager.manifest import Fingerprint
from packager.versions.arrow import agreed_schema, fit, stored_schema
from packager.versions.location import Location
from packager.versions.records import Derivation, Version, content_of
from packager.versions.source import Source
from packager.versions.store import Store
from packager.versions.told import ConflictError, RowsGoneError

_ATTEMPTS = 5


@dataclass(frozen=True)
class Added:
    """What came."""

    version: Version
    unchanged: bool
    """The table held these very rows already; nothing was committed."""
    before: Version | None
    """The version compared with."""
    new_columns: tuple[str, ...]
    gone_columns: tuple[str, ...]
    rows: Rows | None
    """Equal, re-ordered or different, and the overlap; None for a first version."""
    drift: tuple[ColumnDrift, ...]
    """Of every column that both versions have, largest first."""
    leakage: str | None = None
    """Between the two sides of the project's split, where there is one that can leak."""


def author() -> str:
    """Who commits, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have them
        return ""


def add(
    source: Source,
    location: Location,
    message: str,
    by: str,
    *,
    change: bool = False,
    append: bool = False,
    derived: Derivation | None = None,
) -> Added:
    """Commit the rows of ``source`` as the table's next version, a new table if there is none.

    ``append`` puts them after the rows that are there; ``change`` accepts other columns.
    A writer that comes in between makes it start anew, at most 5 times; then ``ConflictError``.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _add(source, location, message, by, change, append, derived)
        except (ConflictError, RowsGoneError):  # of a version that no longer was the latest
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _add(
    source: Source,
    location: Location,
    message: str,
    by: str,
    change: bool,
    append: bool,
    derived: Derivation | None,
) -> Added:
    store = Store.open(location) if Store.exists(location) else None
    before = store.latest if store else None
    schema = _schema(source, store, before, change=change, append=append)
    plan = _Plan(source, schema, store if append and before else None)
    summary = summarise(plan.frames())
    printed = plan.printed
    held = before.fingerprint if before and derived is None else None
    if before and held and content_of(printed) == content_of(held):
        return _compared(before, before, None, summary, printed, unchanged=True)
    old = summarise(store.frames(before.number)) if store and before else None
    if store is None:
        store = Store.create(location, schema)
    written = store.write(plan.checked(printed), schema)
    try:
        number = store.commit(
            written,
            schema,
            message,
            by,
            printed,
            append=append and before is not None,
            derived=derived,
        )
    except BaseException:
        # A commit that a signal cut short may stand: then the file is a version's.
        if written.path not in _files(location):
            store.discard(written)
        raise
    version = Store.open(location).version(number)
    return _compared(version, before, old, summary, printed)


def _files(location: Location) -> set[str]:
    store = Store.open(location)
    return set(store.sizes(store.latest.number)) if store.latest else set()


def _schema(
    source: Source, store: Store | None, before: Version | None, *, change: bool, append: bool
) -> pa.Schema:
    if store is None or before is None:
        return stored_schema(source.schema, source.place)
    now = store.schema(before.number)
    place = str(store.location)
    agreed = agreed_schema(now, source.schema, place, change=change, append=append)
    return stored_schema(agreed, source.place)


class _Plan:
    """The rows of the version to be: those of the source in the table's types."""

    def __init__(self, source: Source, schema: pa.Schema, after: Store | None) -> None:
        self._source, self._schema, self._after = source, schema, after
        blank = [f.name for f in source.schema if pa.types.is_null(f.type)]
        holed = {*source.floats, *blank, *(after.floats() if after else ())}
        self._floats = [f.name for f in schema if f.name in holed and pa.types.is_integer(f.type)]
        self._printer = Fingerprinter()

    @property
    def printed(self) -> Fingerprint:
        """The fingerprint of what ``frames`` gave."""
        return self._printer.result(self._source.files)

    def frames(self) -> Iterator[pd.DataFrame]:
        """Every row of the version, fingerprinted on the way."""
        yield plain_frame(self._schema.empty_table(), self._floats)
        for table in self._after.tables() if self._after else ():
            yield self._noted(table)
        for table in self._tables():
            yield self._noted(table)

    def checked(self, printed: Fingerprint) -> Iterator[pa.Table]:
        """The new rows to write; ``UsageError`` if they are not those that were fingerprinted."""
        again = Fingerprinter()
        for table in self._after.tables() if self._after else ():
            again.update(plain_frame(table.replace_schema_metadata(None), self._floats))
        for table in self._tables():
            again.update(plain_frame(table, self._floats))
            yield table
        if printed.row_count and again.result(printed.files) != printed:
            raise UsageError(
                f"{self._source.place}: it was changed while it was read",
                "wait until whoever writes it is done, and add it again",
            )

    def _tables(self) -> Iterator[pa.Table]:
        for table in self._source.tables():
            yield fit(table.replace_schema_metadata(None), self._schema, self._source.place)

    def _noted(self, table: pa.Table) -> pd.DataFrame:
        frame = plain_frame(table.replace_schema_metadata(None), self._floats)
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
) -> Added:
    rows = None
    if before is not None and before.fingerprint is not None:
        rows = compare_rows(before.fingerprint, printed)
    return Added(
        version=version,
        unchanged=unchanged,
        before=before,
        new_columns=tuple(n for n in new.columns if old is not None and n not in old.columns),
        gone_columns=tuple(n for n in old.columns if n not in new.columns) if old else (),
        rows=rows,
        drift=tuple(drifts(old, new)) if old else (),
    )
