"""The table of a source: its columns, whole or in blocks, with what lies beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from packager.data.csv_files import csv_names
from packager.data.csv_types import read_csv_table
from packager.data.declared import declared_blocks, with_declared
from packager.data.parquet_files import parquet_names, read_parquet
from packager.data.sources.external_columns import ExternalColumns, NamedFiles, texts
from packager.data.sources.listing import SourceListing, source_files
from packager.errors import UsageError
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

_ROWS = 1 << 16
"""Rows of a block of a source without a table."""


class SourceTable:
    """A source of rows, whose files have the same columns."""

    def __init__(
        self, path: Path, reader: TableReadOptions = DEFAULT_OPTIONS, beside: Path | None = None
    ) -> None:
        """``beside``: the folder with the files that cells name, if it is not the table's.

        Raises ``UsageError`` for files that are no table, or that differ in their columns.
        """
        self.path = path
        self.reader = reader
        self.files = source_files(path, reader, beside)
        self.external = _external_columns(self.files, reader)
        self.columns = _columns(self.files, reader, self.external)
        for file in self.files.table[1:] if self.files.format in ("csv", "parquet") else ():
            names, first = _names(self.files, file, reader), self.table_columns
            if names != first:
                raise UsageError(
                    f"{file}: expected the columns of {self.files.table[0].name} in the same order "
                    f"({', '.join(first)}), got {', '.join(names)}",
                    "give every file of the folder the same columns",
                )

    @property
    def table_columns(self) -> list[str]:
        """The columns of the table alone."""
        return self.columns[: len(self.columns) - len(self.external.names)]

    def read(self) -> pd.DataFrame:
        """All rows, as declared; raises ``UsageError``."""
        files = list(self.files.table)
        if self.files.format == "csv":
            frame = read_csv_table(files, self.reader)
        elif self.files.format == "parquet":
            frame = read_parquet(files)
        else:
            frame = next(self.plain_blocks(1 << 62))
        return self.as_declared(frame)

    def as_declared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """All rows of the table, as declared and with the columns beside it."""
        return with_declared(self.external.whole(frame), self.reader, self.path)

    def blocks(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The table of ``frames``, as declared and with the columns beside it, in blocks."""
        return declared_blocks(self.external.blocks(frames), self.reader, self.path)

    def plain_blocks(self, rows: int = _ROWS) -> Iterator[pd.DataFrame]:
        """A source without a table in blocks of at most ``rows``, without the columns beside."""
        total = self.external.arrays[0].shape[0] if self.files.format == "numpy" else None
        length = len(self.files.table) if total is None else total
        for start in range(0, max(length, 1), rows):
            stop = min(length, start + rows)
            if total is not None:
                yield pd.DataFrame(index=pd.RangeIndex(stop - start))
            else:
                yield self._paths(self.files.table[start:stop])

    def _paths(self, files: Sequence[Path]) -> pd.DataFrame:
        """The paths of files that are rows, and the folders at the top that they are in."""
        rows = self.reader.files
        assert rows is not None
        names = [self.files.name(file) for file in files]
        columns = {rows.content: texts(names)}
        if rows.folder is not None:
            for name in names:
                if "/" not in name:
                    raise UsageError(
                        f"{self.path}: expected each file in a folder that names its "
                        f"{rows.folder!r}, got {name!r} beside them",
                        "move it into a folder, or remove `folder` from `files` under [data]",
                    )
            columns[rows.folder] = texts([name.partition("/")[0] for name in names])
        return pd.DataFrame(columns)


def column_names(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> list[str]:
    """Names of the columns, from the first file's header only."""
    listing = source_files(path, reader)
    return _columns(listing, reader, _external_columns(listing, reader))


def _columns(
    listing: SourceListing, reader: TableReadOptions, beside: ExternalColumns
) -> list[str]:
    names = _names(listing, listing.table[0], reader) if listing.table else []
    for partition in beside.partitions.names:
        if partition in names:
            raise UsageError(
                f"{listing.table[0]}: expected every column name once, got {partition!r} in the "
                "file and as a partition",
                "write the files without the columns that they are partitioned by, or in plain "
                "folders",
            )
    names = [*names, *beside.partitions.names]
    arrays = [array.name for array in beside.arrays]
    both = next((name for name in arrays if name in names), None)
    if both is not None:
        raise UsageError(
            f"{listing.top}: expected every column name once, got {both!r} in the table and as an "
            "array beside it",
            "rename one of them",
        )
    return [*names, *arrays]


def _names(listing: SourceListing, file: Path, reader: TableReadOptions) -> list[str]:
    if reader.files is not None:
        rows = reader.files
        return [rows.content, *([rows.folder] if rows.folder else [])]
    return csv_names(file, reader) if listing.format == "csv" else parquet_names(file)


def _external_columns(listing: SourceListing, reader: TableReadOptions) -> ExternalColumns:
    rows = NamedFiles.below(listing.top, listing.table) if listing.format == "files" else None
    return ExternalColumns(listing, reader, rows)
