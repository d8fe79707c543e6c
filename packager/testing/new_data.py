"""The rows that ``--data`` names: a file, a folder, a version, a range of versions, new rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from packager.data.sources.listing import source_files
from packager.digest import HashedFile, hash_files
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.manifest import DataSource, Manifest
from packager.manifest.read_options import TableReadOptions
from packager.progress import Progress
from packager.testing.as_csv import write_as_csv
from packager.testing.ledger import FOLDER, Ledger

PLACE = "data/new"
"""Folder of the new data in the worker."""
_BETWEEN = re.compile(r"(?P<table>.+)@(?P<older>\d+)\.\.(?P<newer>\d*)$")


@dataclass(frozen=True)
class NewData:
    """Rows to test on, as files."""

    name: str
    """As the ledger names it."""
    files: dict[str, HashedFile]
    """Posix path below the folder of the new data → file."""
    source: str
    """The file that is read, or empty for the whole folder."""
    version: int | None = None
    """Of a table."""
    seen: frozenset[str] = frozenset()
    """sha256 of all its files, if those that the ledger has seen were left out."""

    @property
    def empty(self) -> bool:
        """Whether nothing is new."""
        return not self.files


@dataclass(frozen=True)
class DataArgument:
    """``--data``, parsed."""

    text: str
    table: Location | None = None
    """With the version to test, if one is named."""
    older: int | None = None
    """Only rows added since this version."""

    @classmethod
    def parse(cls, text: str) -> DataArgument:
        """A table, or the path of an existing file or folder; else ``UsageError``."""
        between = _BETWEEN.match(text)
        if between is not None and (location := _table(between["table"])) is not None:
            newer = int(between["newer"]) if between["newer"] else None
            return cls(text, Location(location.uri, newer), int(between["older"]))
        table = _table(text)
        if table is None and not Path(text).exists():
            raise UsageError(
                f"--data {text}: expected a file, a folder or a table, but it does not exist",
                "name rows to test on: new.csv, a folder, diamonds@5 or diamonds@3..5",
            )
        return cls(text, table)

    @property
    def state(self) -> Path | None:
        """The folder of the ledger beside the data; None for a table in a bucket."""
        path = Path(self.text).absolute() if self.table is None else self.table.path
        return None if path is None else path.parent / FOLDER


def _table(text: str) -> Location | None:
    """The table that ``text`` names; a bare name is one of ``.pkgdata`` before a folder."""
    if (location := Location.table_at(text)) is not None:
        return location
    try:
        bare = Location.parse(text)
    except UsageError:
        return None
    return bare if bare.path and (bare.path / "_delta_log").is_dir() else None


def resolve(
    named: DataArgument, manifest: Manifest, ledger: Ledger | None, folder: Path, progress: Progress
) -> NewData:
    """The rows that ``named`` names; with a ``ledger``, those that it has not seen.

    Rows of tables are written below ``folder``. Raise ``UsageError`` if they can't be read.
    """
    if named.table is not None:
        return _of_table(named, manifest, ledger, folder, progress)
    path = Path(named.text)
    files = hash_files(named_files(path, manifest.reader))
    source = path.name if path.is_file() else ""
    new_data = NewData(str(path), files, source)
    return new_data if ledger is None else _unseen(new_data, path, ledger, manifest)


def in_form_of(data: NewData, manifest: Manifest, folder: Path) -> NewData:
    """``data`` as files that the companion reads: Parquet as CSV, if the package was built so."""
    source = manifest.data
    built_from_csv = isinstance(source, DataSource) and source.format == "csv"
    tables = [name for name in data.files if Path(name).suffix.lower() == ".parquet"]
    if not built_from_csv or not tables:
        return data
    files = {}
    for name, file in data.files.items():
        if name not in tables:
            files[name] = file
            continue
        written = folder / "csv" / f"{name}.csv"
        written.parent.mkdir(parents=True, exist_ok=True)
        write_as_csv(file.path, written, manifest.reader)
        files |= hash_files({f"{name}.csv": written})
    return replace(data, files=files, source=f"{data.source}.csv" if data.source else "")


def named_files(data: Path, reader: TableReadOptions) -> dict[str, Path]:
    """The files of ``data`` by their posix path below it, with those that cells name."""
    listing = source_files(data, reader)
    return {listing.name(path): path for path in listing.all}


def _unseen(new_data: NewData, path: Path, ledger: Ledger, manifest: Manifest) -> NewData:
    seen = ledger.seen_files(manifest.root)
    fresh = {name: file for name, file in new_data.files.items() if file.sha256 not in seen}
    if len(fresh) < len(new_data.files):
        listing = source_files(path, manifest.reader)
        # A table keeps the arrays and files that its rows name.
        beside = {listing.name(one) for one in (*listing.arrays, *listing.named)}
        tables = {name for name in fresh if name not in beside}
        fresh = {n: f for n, f in new_data.files.items() if n in tables or (tables and n in beside)}
    every = frozenset(file.sha256 for file in new_data.files.values())
    return NewData(new_data.name, fresh, new_data.source, seen=every)


def _of_table(
    named: DataArgument, manifest: Manifest, ledger: Ledger | None, folder: Path, progress: Progress
) -> NewData:
    from packager.tables.added_rows import export_added
    from packager.tables.checkout import export
    from packager.tables.delta import VersionedTable

    assert named.table is not None
    store = VersionedTable.open(named.table)
    version = store.version(named.table.version).number
    name, older = named.table.uri, named.older
    if ledger is not None and older is None:
        older = ledger.last_version(manifest.root, name)
        if older is not None and older >= version:
            return NewData(name, {}, "", version)
    file = folder / f"{named.table.name}.parquet"
    location = Location(named.table.uri, version)
    if older is None:
        progress.step(f"exporting {location}")
        export(location, file)
    else:
        progress.step(f"exporting the rows that {location} adds to version {older}")
        if not export_added(location, older, file):
            return NewData(name, {}, "", version)
    return NewData(name, hash_files({file.name: file}), file.name, version)
