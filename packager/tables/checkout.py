"""Export a version as a plain Parquet file, for users and ``package build``, and revert to one."""

from __future__ import annotations

from pathlib import Path

from pyarrow import fs

from packager.cache import atomic_file
from packager.errors import UsageError
from packager.location import Location
from packager.tables.delta import VersionedTable
from packager.tables.errors import retried
from packager.tables.records import Version
from packager.tables.storage import write_rows


def export(location: Location, file: Path) -> Version:
    """Write the rows of a version (the latest, if none is named) to ``file`` as Parquet.

    Equal versions give equal bytes, under one version of pyarrow.
    """
    if file.suffix != ".parquet":
        raise UsageError(
            f"{file}: expected a name that ends in .parquet, got {file.suffix or 'none'!r}",
            "a version is written as Parquet, which keeps its types",
        )
    store = VersionedTable.open(location)
    version = store.version(location.version)
    schema = store.schema(version.number)
    with atomic_file(file) as temporary:
        filesystem = fs.SubTreeFileSystem(str(temporary.parent), fs.LocalFileSystem())
        write_rows(filesystem, temporary.name, store.tables(version.number), schema)
    return version


def revert(location: Location, message: str, by: str) -> Version:
    """Append a version with the content of an older one; the history is unchanged.

    Retries if another writer commits in between, at most 5 attempts; then ``ConflictError``.
    """
    return retried(lambda: _revert(location, message, by))


def _revert(location: Location, message: str, by: str) -> Version:
    store = VersionedTable.open(location)
    if location.version is None:
        raise UsageError(f"{location}: expected a version to revert to", "write TABLE VERSION")
    old, latest = store.version(location.version), store.version(None)
    if old.number == latest.number:
        raise UsageError(
            f"{location}: this is the version that the table is at", "name an older one"
        )
    store.check_writable(append=False)
    store.check_files(old.number)
    number = store.restore(old.number, message or f"reverted to version {old.number}", by)
    return VersionedTable.open(Location(location.uri)).version(number)
