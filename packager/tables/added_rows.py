"""The rows that a version of a table has and an older one lacks, as a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import fs

from packager.cache import atomic_file
from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.location import Location
from packager.tables.delta import VersionedTable
from packager.tables.row_diff import surplus
from packager.tables.storage import write_rows


def export_added(location: Location, older: int, file: Path) -> int:
    """Write the rows that ``location``'s version adds to version ``older``; return their number.

    Equal rows count as often as they occur. Rows are compared in the columns that both have. Raise
    ``UsageError`` for versions in the wrong order, or without common columns.
    """
    store = VersionedTable.open(location)
    version = store.version(location.version)
    before = store.version(older)
    if before.number >= version.number:
        raise UsageError(
            f"{location}: expected a later version than {older}, got {version.number}",
            f"name two versions in their order, for example @{version.number}..{older}",
        )
    names = _common(store, before.number, version.number)
    added = surplus(_hashes(store, version.number, names), _hashes(store, before.number, names))
    schema = store.schema(version.number).remove_metadata()
    with atomic_file(file) as temporary:
        filesystem = fs.SubTreeFileSystem(str(temporary.parent), fs.LocalFileSystem())
        write_rows(filesystem, temporary.name, _masked(store.tables(version.number), added), schema)
    return int(added.sum())


def _common(store: VersionedTable, older: int, newer: int) -> list[str]:
    before = {*store.schema(older).names}
    names = [name for name in store.schema(newer).names if name in before]
    if not names:
        raise UsageError(
            f"versions {older} and {newer} have no column in common", "test the whole version"
        )
    return names


def _hashes(store: VersionedTable, version: int, names: list[str]) -> npt.NDArray[np.uint64]:
    parts = [row_hashes(frame[names]) for frame in store.frames(version)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _masked(tables: Iterator[pa.Table], mask: npt.NDArray[np.bool_]) -> Iterator[pa.Table]:
    start = 0
    for table in tables:
        yield table.filter(pa.array(mask[start : start + len(table)]))
        start += len(table)
