"""The rows that new data is compared with: given ones, or those of a table's previous version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from packager.data.frames import read
from packager.location import Location
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions
from packager.progress import Progress
from packager.tables.delta import VersionedTable
from packager.tables.records import Version


@dataclass(frozen=True)
class PreviousRows:
    """Earlier rows."""

    name: str
    rows: pd.DataFrame
    accepted: bool
    """Whether ``data add`` committed the newer rows, which requires consent to other columns."""


def load_rows(text: str, reader: TableReadOptions = DEFAULT_OPTIONS) -> PreviousRows:
    """The rows of a file, a folder or a version of a table."""
    table = Location.table_at(text)
    rows = read(Path(text), reader) if table is None else _rows(table)
    return PreviousRows(text, rows, accepted=False)


def load_previous(location: Location, progress: Progress) -> PreviousRows | None:
    """The rows of the version that precedes ``location``'s; None if it or its rows don't exist."""
    store = VersionedTable.open(location)
    version = store.version(location.version)
    older = store.before(version)
    if older is None:
        return None
    where = Location(location.uri, older.number)
    if not store.has_rows(older.number):
        progress.warn(f"{where}: its rows were removed, so nothing is compared with it")
        return None
    return PreviousRows(str(where), _rows(where), accepted=version.fingerprint is not None)


def compared_version(location: Location) -> Version | None:
    """The version whose rows ``load_previous`` returns; None if there is none."""
    store = VersionedTable.open(location)
    older = store.before(store.version(location.version))
    return older if older is not None and store.has_rows(older.number) else None


def _rows(location: Location) -> pd.DataFrame:
    first, *rest = VersionedTable.open(location).frames(location.version)
    return pd.concat(rest, ignore_index=True) if rest else first
