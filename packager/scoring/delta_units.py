"""A version of a Delta table in units: the row groups of its data files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from packager.location import Location
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.scoring.units import Unit, block_rows
from packager.tables.delta import VersionedTable
from packager.tables.errors import translate_errors


class DeltaUnits:
    """One version; rows that its deletion vectors remove are in no unit."""

    reader = DEFAULT_OPTIONS

    def __init__(self, location: Location) -> None:
        store = VersionedTable.open(location)
        number = store.version(location.version).number
        self._location = location
        self._scan = store.scan(number)
        self.columns = self._scan.schema.names
        with translate_errors(location):
            files = self._scan.files
            self.identity = [number, [[file.path, file.size] for file in files]]
            self.units = list[Unit]()
            first = 0
            for index, file in enumerate(files):
                for group, rows in enumerate(self._scan.group_rows(file)):
                    if rows:
                        self.units.append(Unit(len(self.units), first, rows, index, group))
                        first += rows

    def field(self, name: str) -> pa.Field:
        """The column of this name."""
        return self._scan.schema.field(name)

    def read(self, unit: Unit, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows of a unit, with text dictionary-encoded."""
        rows = block_rows(len(columns))
        with translate_errors(self._location):
            for table in self._scan.group_tables(self._scan.files[unit.file], unit.group):
                for start in range(0, len(table), rows):
                    yield table.select(list(columns)).slice(start, rows)
