"""The units of a table that is scored: row groups of Parquet and Delta, blocks of rows of CSV.

A unit never depends on how the work is divided, so its part is the same in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from packager.data.csv_files import csv_blocks
from packager.data.csv_format_error import as_packaged
from packager.data.parquet_files import parquet_schema
from packager.data.parquet_open import opened_parquet, readable, refuse_large_groups
from packager.data.row_files import reader_for
from packager.data.sources.table import SourceTable
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.base import Kind
from packager.manifest.manifest import Manifest
from packager.manifest.read_options import TableReadOptions

CSV_ROWS = 100_000
"""Rows of a unit of CSV."""
BLOCK_ROWS = 1 << 16
"""Most rows that a package is asked for at once."""
BLOCK_CELLS = 1 << 21
"""Most cells of such a block, unless a row has more."""
_ENDS = 1 << 20
"""Bytes at both ends of a file that identify it, with its size."""


@dataclass(frozen=True)
class Unit:
    """Rows that become one part."""

    number: int
    """From 0, in the order of the table."""
    first: int
    """The number of its first row in the table."""
    rows: int
    file: int = 0
    """Place of its file among those of the source."""
    group: int = 0
    """Row group of that file."""


class UnitSource(Protocol):
    """A table in units."""

    @property
    def units(self) -> Sequence[Unit]:
        """In the order of the table."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns."""

    @property
    def identity(self) -> Sequence[Any]:
        """The parts of the table, as JSON, without its rows' content."""

    @property
    def reader(self) -> TableReadOptions:
        """Reader of its cells."""

    def field(self, name: str) -> pa.Field:
        """The column of this name, as ``read`` gives it, but for dictionaries."""

    def read(self, unit: Unit, columns: Sequence[str]) -> Iterator[pa.Table | pd.DataFrame]:
        """The rows of ``unit`` in blocks; call it with ascending units."""


def open_source(data: str, manifest: Manifest) -> UnitSource:
    """The table ``data``: a file, a folder, ``TABLE`` or ``TABLE@5``; ``UsageError``."""
    location = Location.table_at(data)
    if location is not None:
        from packager.scoring.delta_units import DeltaUnits

        return DeltaUnits(location)
    path = Path(data)
    with as_packaged():
        source = SourceTable(path, reader_for(path, manifest.schema_, manifest.reader))
    if source.files.format == "parquet" and len(source.files.all) == len(source.files.table):
        return ParquetUnits(source)
    if source.files.format == "csv" and len(source.files.all) == len(source.files.table):
        kinds = {column.name: column.kind for column in manifest.schema_.features}
        return CsvUnits(source, kinds)
    raise UsageError(
        f"{data}: expected CSV, Parquet or a Delta table, got arrays or files beside it",
        "use `package predict`, which reads those; or write them into Parquet columns",
    )


class ParquetUnits:
    """Parquet files: a unit is a row group."""

    def __init__(self, source: SourceTable) -> None:
        self._files = source.files.table
        self._partitions = source.external.partitions
        self.columns = source.columns
        self.reader = source.reader
        self.identity = _identity(source)
        schema = parquet_schema(self._files)
        self._schema = pa.schema([*schema, *map(self._partitions.field, self._partitions.names)])
        self.units = list[Unit]()
        first = 0
        for index, file in enumerate(self._files):
            with file.open("rb") as opened:
                refuse_large_groups(file, opened, schema)
            with readable(file), opened_parquet(file) as parquet:
                metadata = parquet.metadata
                for group in range(metadata.num_row_groups):
                    rows = metadata.row_group(group).num_rows
                    if rows:
                        self.units.append(Unit(len(self.units), first, rows, index, group))
                        first += rows

    def field(self, name: str) -> pa.Field:
        """The column of this name, with text as plain text."""
        return pa.field(name, _plain(self._schema.field(name).type))

    def read(self, unit: Unit, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows of a unit; raises ``UsageError`` for a damaged file."""
        file = self._files[unit.file]
        rows = block_rows(len(columns))
        partitions = [name for name in columns if name in self._partitions.names]
        stored = [name for name in columns if name not in partitions]
        with readable(file), opened_parquet(file) as opened:
            batches = opened.iter_batches(
                rows, row_groups=[unit.group], columns=stored, use_threads=False
            )
            for batch in batches:
                table = pa.Table.from_batches([batch])
                for name in partitions:
                    cells = self._partitions.constant(unit.file, name, len(batch))
                    table = table.append_column(self._partitions.field(name), cells)
                yield table


class CsvUnits:
    """CSV files, read as one table: a unit is a fixed number of rows, the last has fewer."""

    def __init__(self, source: SourceTable, kinds: Mapping[str, Kind]) -> None:
        self._files = source.files.table
        self.columns = source.columns
        self.reader = source.reader
        self.identity = _identity(source)
        odd = next((n for n in self.columns if kinds.get(n) == "any"), None)
        if odd is not None:
            raise UsageError(
                f"{source.path}: column {odd!r} has values of several types, and those of CSV "
                "depend on all of its cells",
                "write the table as Parquet, or use `package predict`",
            )
        rows = sum(len(block) for block in self._blocks())
        self.units = [
            Unit(number, first, min(CSV_ROWS, rows - first))
            for number, first in enumerate(range(0, rows, CSV_ROWS))
        ]
        self._left: Iterator[pd.DataFrame] = iter(())
        self._next = len(self.units)

    def field(self, name: str) -> pa.Field:
        """Text: cells of CSV are kept as they are written."""
        return pa.field(name, pa.string())

    def read(self, unit: Unit, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows of a unit, as text; an earlier unit than the last begins from the start."""
        if unit.number < self._next:
            self._left, self._next = self._blocks(), 0
        while self._next <= unit.number:
            block = next(self._left)
            self._next += 1
        rows = block_rows(len(columns))
        for start in range(0, len(block), rows):
            yield block[list(columns)].iloc[start : start + rows]

    def _blocks(self) -> Iterator[pd.DataFrame]:
        texts = dict.fromkeys(self.columns, "str")
        return csv_blocks(self._files, self.reader, CSV_ROWS, texts, {})


def block_rows(columns: int) -> int:
    """Most rows of a block with this many columns."""
    return max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(columns, 1)))


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _identity(source: SourceTable) -> list[list[Any]]:
    return [[source.files.name(file), *_ends(file)] for file in source.files.table]


def _ends(file: Path) -> tuple[int, str]:
    """The size of a file, and the sha256 of its first and last bytes."""
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(0)
        seen = hashlib.sha256(opened.read(_ENDS))
        opened.seek(max(_ENDS, size - _ENDS))
        seen.update(opened.read())
    return size, seen.hexdigest()
