"""Columns beside a table: arrays in NumPy's files, files that cells name, partitions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelhost.text import display_value
from packager.data.array_column import ArrayColumn
from packager.data.canonical import HashedBytes
from packager.data.memory_limit import check_room
from packager.data.sources.listing import SourceListing, below
from packager.data.sources.numpy_files import Array, NumpyArray, stored_arrays
from packager.data.sources.partition_columns import PartitionColumns
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions

BLOCK_BYTES = 32 << 20
"""Maximum bytes of the cells beside a table in a block of rows, unless a row has more."""


def texts(values: Sequence[str]) -> Any:
    """A column of text in the dtype that pandas reads text in, stored as Python strings."""
    return pd.array(list(values), pd.StringDtype("python", na_value=np.nan))


def _is_read_as_text(name: str, reader: TableReadOptions) -> bool:
    """Whether the values of a partition are text whatever they look like: as declared."""
    return reader.kind(name) not in (None, "integer", "number")


def _content(path: Path) -> bytes:
    """The bytes of a file: ``Path.read_bytes`` makes twice as many calls of the system."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        content = os.read(file, size + 1)
        if len(content) == size:
            return content
        parts = [content]  # it has changed, or is larger than one call reads
        while part := os.read(file, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)


@dataclass(frozen=True)
class NamedFiles:
    """The files that the cells of a column may name, by their posix paths below a folder."""

    folder: Path
    files: dict[str, Path]

    @classmethod
    def below(cls, folder: Path, files: tuple[Path, ...]) -> NamedFiles:
        """The files that are below ``folder``."""
        prefix = "" if folder == Path() else f"{folder.as_posix()}/"
        inside = (file for file in files if file.as_posix().startswith(prefix))
        return cls(folder, {below(folder, file): file for file in inside})

    def find(self, cell: Any, row: int, column: str) -> Path:
        """The file that a cell names; ``UsageError`` if it names none."""
        file = self.files.get(cell) if isinstance(cell, str) else None
        if file is None:
            raise UsageError(
                f"row {row}, column {column!r}: expected the path of a file below {self.folder}, "
                f"got {display_value(cell)}",
                "write the path relative to that folder, with / between its parts and without "
                "..; hidden files and links are not read",
            )
        return file


class ExternalColumns:
    """The columns beside the table of a source."""

    def __init__(
        self, listing: SourceListing, reader: TableReadOptions, named: NamedFiles | None = None
    ) -> None:
        """``named``: the files of a source of which each file is a row."""
        self._arrays = stored_arrays(listing.arrays)
        names = [partition.name for partition in listing.partitions]
        texts_declared = [name for name in names if _is_read_as_text(name, reader)]
        self.partitions = PartitionColumns(listing.partitions, listing.table, texts_declared)
        self._opened: dict[str, Array] = {}
        self._source = listing
        self._cell: Callable[[Path], Any] = _content
        self._hashed = False
        self._folders = {
            column: NamedFiles.below((listing.named_top or listing.top) / folder, listing.named)
            for column, folder in reader.folders.items()
        }
        if named is not None and reader.files is not None:
            self._folders[reader.files.content] = named

    def hash_files(self, cell: Callable[[Path], HashedBytes]) -> None:
        """Have cells whose content is that of a file hold what ``cell`` gives for it."""
        self._cell, self._hashed = cell, True

    @property
    def arrays(self) -> list[NumpyArray]:
        """The arrays, each a column after those of the table."""
        return self._arrays

    @property
    def names(self) -> list[str]:
        """The columns after those of the table: partitions, then arrays."""
        return [*self.partitions.names, *(array.name for array in self._arrays)]

    def sizes(self, frame: pd.DataFrame, first: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Bytes of the cells beside each row of a part of the table: shape (rows,).

        ``first``: the number of its first row. Raises ``UsageError`` for a cell that names no file.
        """
        total = np.full(len(frame), sum(array.row_bytes for array in self._arrays), np.int64)
        for column, files in self._folders.items():
            if column in frame.columns and not self._hashed:
                total += [
                    0 if path is None else path.stat().st_size
                    for path in self._paths(frame, column, files, first)
                ]
        return total

    def completed(self, frame: pd.DataFrame, first: int) -> pd.DataFrame:
        """The rows of a part of the table with the columns beside it."""
        completed = frame.copy(deep=False)
        for column, files in self._folders.items():
            if column not in frame.columns:
                continue
            cells = np.full(len(frame), np.nan, object)
            for row, path in enumerate(self._paths(frame, column, files, first)):
                if path is not None:
                    cells[row] = self._cell(path)
            completed[column] = pd.Series(cells, frame.index, dtype=object)
        if not self.names:
            return completed
        columns = self.partitions.cells(first, len(frame))
        columns |= {array.name: self._cells(array, first, len(frame)) for array in self._arrays}
        # Not by assignment, which copies each array.
        return pd.concat([completed, pd.DataFrame(columns, frame.index, copy=False)], axis=1)

    def whole(self, frame: pd.DataFrame) -> pd.DataFrame:
        """All rows at once; ``UsageError`` if the content of files does not fit in memory."""
        self.refuse_other_rows(len(frame))
        if not (self.names or self._folders):
            return frame
        if self._folders:
            size = int(self.sizes(frame, 0).sum())
            check_room(self._source.top, "the rows' files", size, f"{len(frame):,} rows")
        return self.completed(frame, 0)

    def blocks(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The table of ``frames`` with the columns beside it, in blocks of bounded size."""
        if not (self.names or self._folders):
            yield from frames
            return
        first = 0
        for frame in frames:
            self._refuse_more_rows(first + len(frame))
            sizes = np.cumsum(self.sizes(frame, first))
            start = 0
            while start < len(frame) or start == len(frame) == 0:
                before = sizes[start - 1] if start else 0
                stop = int(np.searchsorted(sizes, before + BLOCK_BYTES, side="right"))
                stop = min(len(frame), max(stop, start + 1))
                part = frame.iloc[start:stop].reset_index(drop=True)
                yield self.completed(part, first + start)
                start = max(stop, 1)
            first += len(frame)
        self.refuse_other_rows(first)

    def refuse_other_rows(self, rows: int) -> None:
        """Raise ``UsageError`` if the table has another number of rows than the arrays.

        Or than the footers of its files say, if it has partitions.
        """
        if self.partitions.names and self.partitions.rows != rows:
            raise UsageError(
                f"{self._source.top}: expected {self.partitions.rows:,} rows, as the footers of "
                f"its files say, got {rows:,}",
                "write the files again",
            )
        if self._arrays and self._arrays[0].shape[0] != rows:
            raise UsageError(
                f"{self._arrays[0].location}: expected {rows:,} rows, as in the table beside it, "
                f"got {self._arrays[0].shape[0]:,}",
                "give the table and every array the same number of rows, in the same order",
            )

    def _refuse_more_rows(self, rows: int) -> None:
        if self._arrays and self._arrays[0].shape[0] < rows:
            self.refuse_other_rows(rows)

    def _paths(
        self, frame: pd.DataFrame, column: str, files: NamedFiles, first: int
    ) -> list[Path | None]:
        gone = frame[column].isna().to_numpy(bool)
        return [
            None if null else files.find(cell, first + row, column)
            for row, (cell, null) in enumerate(zip(frame[column], gone, strict=True))
        ]

    def _cells(self, one: NumpyArray, first: int, rows: int) -> Any:
        if one.name not in self._opened:
            self._opened[one.name] = one.opened()
        part = self._opened[one.name][first : first + rows]
        if not part.dtype.isnative:
            part = part.astype(part.dtype.newbyteorder("="))
        if part.ndim > 1:
            return ArrayColumn(np.ascontiguousarray(part))
        if part.dtype.kind == "U":
            return texts(part.tolist())
        if part.dtype.kind == "M" and np.datetime_data(part.dtype)[0] == "D":
            return part.astype("M8[s]")
        return part.copy()
