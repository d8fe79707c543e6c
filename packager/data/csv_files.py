"""Read CSV as a table, in the same way for training and for predicting.

pandas infers types from the text. The options that influence this are fixed here and by the
``TableReadOptions``, which the manifest records; several files are read as one table, so that a
column's type never depends on where the files were cut.
"""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.data.csv_columns import as_declared, read_as
from packager.data.csv_text import CsvHead, joined, read_head, readable, separator_of, with_room
from packager.data.iso_times import TimeKind
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions

_FIXED: dict[str, Any] = {
    "encoding": "utf-8",
    "engine": "c",
    "float_precision": "round_trip",
    "low_memory": False,
    "keep_default_na": False,
}


def csv_names(file: Path, reader: TableReadOptions) -> list[str]:
    """Column names from the header; ``UsageError`` if it is absent or repeats a name."""
    header = read_head(file, reader).names
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise UsageError(
            f"{file}: expected every column name once, got {twice[0]!r} {header.count(twice[0])}x",
            "rename or remove the repeated column",
        )
    with readable(file, reader), joined([file], reader) as text:
        return [str(name) for name in _table(text, _options([], file, reader), nrows=0).columns]


def read_csv(
    files: Sequence[Path],
    reader: TableReadOptions,
    dtype: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One table from files with equal headers; ``dtype`` overrides the types of columns.

    Text columns in which every value is an ISO 8601 date or time become dates or times. ``only``
    names the columns to read. Raises ``UsageError``, naming the row, for a cell that does not match
    its column's declaration.
    """
    path = files[0] if len(files) == 1 else files[0].parent
    names = csv_names(files[0], reader)
    options = _options(names, files[0], reader)
    dtypes = dict(dtype or {})
    with readable(path, reader), joined(files, reader) as text:
        read = {**read_as(reader, names), **dtypes}
        frame = _table(
            with_room(text, path),
            options,
            dtype=read,
            usecols=None if only is None else list(only),
        )
    labels = _RowLabels(path, read_head(files[0], reader))
    frame = labels.without(frame)
    labels.finish()
    return as_declared(frame, reader, path, dtypes=dtypes)


def csv_blocks(
    files: Sequence[Path],
    reader: TableReadOptions,
    rows: int,
    dtype: Mapping[str, Any],
    times: Mapping[str, TimeKind],
) -> Iterator[pd.DataFrame]:
    """The table of ``read_csv`` in blocks of at most ``rows``.

    The types of columns in neither ``dtype`` nor ``times`` (the kind of a time column in the whole
    table) are inferred in every block separately.
    """
    path = files[0] if len(files) == 1 else files[0].parent
    start, names = read_head(files[0], reader), csv_names(files[0], reader)
    labels = _RowLabels(path, start)
    row = 0
    with readable(path, reader), joined(files, reader) as text:
        read = {**read_as(reader, names), **dict.fromkeys(times, "str"), **dtype}
        blocks = _table(text, _options(names, files[0], reader), dtype=read, chunksize=rows)
        for frame in blocks:
            plain = labels.without(frame)
            yield as_declared(plain, reader, path, dtypes=dtype, times=times, first=row)
            row += len(plain)
    labels.finish()


def csv_records(files: Sequence[Path], reader: TableReadOptions) -> Iterator[list[str]]:
    """The cells of every record as text, the header first; blank lines are skipped."""
    path = files[0] if len(files) == 1 else files[0].parent
    with readable(path, reader), joined(files, reader) as stream:
        lines = (line.decode("utf-8") for line in stream)
        separator = separator_of(files[0], reader)
        for cells in csv.reader(lines, delimiter=separator, quotechar=reader.quote):
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                yield cells


def _options(names: Sequence[str], file: Path, reader: TableReadOptions) -> dict[str, Any]:
    return {
        **_FIXED,
        "sep": separator_of(file, reader),
        "decimal": reader.decimal or ".",
        "thousands": reader.thousands,
        "quotechar": reader.quote,
        "na_values": {name: list(reader.null_words(name)) for name in names},
    }


def _table(source: Any, options: Mapping[str, Any], **more: Any) -> Any:
    with warnings.catch_warnings():
        # pandas 3.1 reads floats exactly by default and warns; earlier versions need the argument.
        warnings.filterwarnings("ignore", message="The 'float_precision' argument")
        return pd.read_csv(source, **options, **more)


class _RowLabels:
    """Drops a first column without a header if it only numbers the rows.

    pandas makes it the index if rows are one cell longer than the header (R writes such files).
    Trailing commas look the same but shift every value by a column. So labels that don't count the
    rows, and a last column that is entirely blank, are refused.
    """

    def __init__(self, path: Path, start: CsvHead) -> None:
        self._path, self._start = path, start
        self._last: int | None = None
        self._labelled = self._filled = False

    def without(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The next rows of the table with a plain index."""
        labels = frame.index
        if self._start.width <= len(self._start.names) and isinstance(labels, pd.RangeIndex):
            return frame.reset_index(drop=True)
        self._labelled = True
        if not pd.api.types.is_integer_dtype(labels.dtype):
            raise self._refusal()
        before = [] if self._last is None else [self._last]
        numbers = np.append(np.asarray(before, np.int64), labels.to_numpy())
        again = (numbers[1:] == 0) | (numbers[1:] == 1)  # each file of a folder may restart
        if not ((numbers[1:] - numbers[:-1] == 1) | again).all():
            raise self._refusal()
        self._last = int(numbers[-1]) if len(numbers) else None
        self._filled = self._filled or bool(frame.iloc[:, -1].notna().any())
        return frame.reset_index(drop=True)

    def finish(self) -> None:
        """Raise ``UsageError`` if the dropped column can't have been row labels."""
        if self._labelled and not self._filled:
            raise self._refusal()

    def _refusal(self) -> UsageError:
        return UsageError(
            f"{self._path}: expected {len(self._start.names)} cells a row, as in the header, "
            f"got {self._start.width}",
            "name every column in the header, and remove separators at the end of rows",
        )
